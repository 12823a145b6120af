// @ts-check
import { bool, bools, f32, general, text, texts, u32 } from './metadata.mjs';

/**
 * @typedef {import('./shapes.mjs').Shape} Shape
 * @typedef {import('./metadata.mjs').Value} Value
 * @typedef {import('./weights.mjs').Weight} Weight
 */

const RANK_POOLING = 4;
const RERANK_TEMPLATE =
  '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. ' +
  'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n' +
  '<Instruct>: Given a web search query, retrieve relevant passages that answer the query\n' +
  '<Query>: {query}\n<Document>: {document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n';

/**
 * @param {Shape} shape
 * @param {{ kind: string, name: string, fileType: number, slidingWindow: number, slidingPattern: string, head: boolean }} options
 * @param {Record<string, Value>} tokenizer
 * @returns {Record<string, Value>}
 */
export function qwenMetadata(shape, options, tokenizer) {
  const architecture = options.kind === 'qwen2' ? 'qwen2' : 'qwen3';
  const sliding = options.slidingWindow > 0 && {
    'qwen3.attention.sliding_window': u32(options.slidingWindow),
    'qwen3.attention.sliding_window_pattern': bools(slidingLayers(options.slidingPattern, shape.layers)),
  };
  const head = options.head && {
    'qwen3.pooling_type': u32(RANK_POOLING),
    'qwen3.classifier.output_labels': texts(['yes', 'no']),
    'tokenizer.chat_template.rerank': text(RERANK_TEMPLATE),
    'tokenizer.chat_templates': texts(['rerank']),
  };
  return {
    ...general(architecture, options.name, options.fileType),
    [`${architecture}.block_count`]: u32(shape.layers),
    [`${architecture}.context_length`]: u32(shape.context),
    [`${architecture}.embedding_length`]: u32(shape.width),
    [`${architecture}.feed_forward_length`]: u32(shape.ffn),
    [`${architecture}.attention.head_count`]: u32(shape.heads),
    [`${architecture}.attention.head_count_kv`]: u32(shape.kvHeads),
    [`${architecture}.rope.freq_base`]: f32(1e6),
    [`${architecture}.attention.layer_norm_rms_epsilon`]: f32(1e-6),
    ...(architecture === 'qwen3' && {
      'qwen3.attention.key_length': u32(shape.headSize),
      'qwen3.attention.value_length': u32(shape.headSize),
    }),
    ...sliding,
    ...tokenizer,
    'tokenizer.ggml.add_bos_token': bool(false),
    ...head,
  };
}

/**
 * Qwen2 has biases where Qwen3 has norms.
 *
 * @param {string} kind
 * @param {Shape} shape
 * @param {number} tokens
 * @param {boolean} head
 * @returns {Weight[]}
 */
export function qwenWeights(kind, { layers, width, heads, kvHeads, headSize: own, ffn }, tokens, head) {
  const headSize = kind === 'qwen2' ? width / heads : own;
  /** @type {Weight[]} */
  const weights = [
    { name: 'token_embd.weight', shape: [width, tokens], std: 1 },
    { name: 'output_norm.weight', shape: [width], mean: 1 },
  ];
  for (let i = 0; i < layers; i++) {
    const block = `blk.${i}.`;
    weights.push(
      { name: `${block}attn_norm.weight`, shape: [width], mean: 1 },
      { name: `${block}ffn_norm.weight`, shape: [width], mean: 1 },
      { name: `${block}attn_q.weight`, shape: [width, heads * headSize] },
      { name: `${block}attn_k.weight`, shape: [width, kvHeads * headSize] },
      { name: `${block}attn_v.weight`, shape: [width, kvHeads * headSize] },
      { name: `${block}attn_output.weight`, shape: [heads * headSize, width] },
      { name: `${block}ffn_gate.weight`, shape: [width, ffn] },
      { name: `${block}ffn_up.weight`, shape: [width, ffn] },
      { name: `${block}ffn_down.weight`, shape: [ffn, width] },
    );
    if (kind === 'qwen2') {
      weights.push(
        { name: `${block}attn_q.bias`, shape: [width] },
        { name: `${block}attn_k.bias`, shape: [kvHeads * headSize] },
        { name: `${block}attn_v.bias`, shape: [kvHeads * headSize] },
      );
    } else {
      weights.push(
        { name: `${block}attn_q_norm.weight`, shape: [headSize], mean: 1 },
        { name: `${block}attn_k_norm.weight`, shape: [headSize], mean: 1 },
      );
    }
  }
  if (head) weights.push({ name: 'cls.output.weight', shape: [width, 2] });
  return weights;
}

/**
 * A pattern as long as the model is taken as it is. Another is repeated or cut, and the last layer sees everything, as in
 * jina-reranker-v3.5.
 *
 * @param {string} pattern Letters L (local: sliding window) and G (global).
 * @param {number} layers
 */
function slidingLayers(pattern, layers) {
  if (!/^[LG]+$/.test(pattern)) throw new Error(`a sliding pattern is made of the letters L and G, not "${pattern}"`);
  const local = Array.from({ length: layers }, (_, i) => pattern[i % pattern.length] === 'L');
  if (pattern.length !== layers) local[layers - 1] = false;
  return local;
}
