// @ts-check

/**
 * @typedef {'llama-rerank' | 'node-llama-cpp' | 'llama-server' | 'transformers'} PeerName Also that of the runner's file.
 * @typedef {'cross-encoder' | 'causal'} TaskName
 *
 * @typedef {object} Task
 * @property {string} kind of scripts/make-model.mjs
 * @property {string[]} types of the model file; each is compared on its own
 * @property {number} documents
 * @property {number} tokens in each document
 * @property {number} warmup documents of the call that is not counted
 * @property {string} query
 * @property {Record<PeerName, Record<string, unknown>[]>} settings What each peer is tried with; its best counts.
 */

const PLAIN = { contextSize: 512 };
const [ON, OFF] = [{ flashAttention: true }, { flashAttention: false }];

/** @type {Record<TaskName, Task>} */
export const TASKS = {
  'cross-encoder': {
    kind: 'jina-bert-v2',
    types: ['F16', 'Q8_0'],
    documents: 100,
    tokens: 200,
    warmup: 100,
    query: 'how do I parse command line options?',
    settings: {
      'llama-rerank': [{}],
      'node-llama-cpp': [ON, OFF].flatMap((flash) => [1, 2].map((contexts) => ({ contexts, ...PLAIN, ...flash }))),
      'llama-server': [ON, OFF].flatMap((flash) => [
        { parallel: 1, ubatch: 512, ...PLAIN, ...flash },
        { parallel: 2, ubatch: 512, ...PLAIN, ...flash },
        { parallel: 8, ubatch: 2048, ...PLAIN, ...flash },
      ]),
      transformers: ['fused', 'model'].flatMap((graph) => [1, 4, 8, 16, 32, 0].map((batch) => ({ graph, batch }))),
    },
  },
  causal: {
    kind: 'qwen3-reranker',
    types: ['Q8_0'],
    documents: 50,
    tokens: 100,
    warmup: 4,
    query: 'how do I parse command line options?',
    settings: {
      'llama-rerank': [{}],
      'node-llama-cpp': [
        { contexts: 1, ...PLAIN, ...ON },
        { contexts: 1, ...PLAIN, ...OFF },
        { contexts: 2, ...PLAIN, ...ON },
      ],
      'llama-server': [
        { parallel: 1, ubatch: 512, ...PLAIN, ...ON },
        { parallel: 4, ubatch: 512, ...PLAIN, ...ON },
        { parallel: 4, ubatch: 512, ...PLAIN, ...OFF },
      ],
      transformers: [],
    },
  },
};
