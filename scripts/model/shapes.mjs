// @ts-check

/**
 * @typedef {'qwen3' | 'qwen3-reranker' | 'bert' | 'jina-bert-v2' | 'xlm-roberta'} Kind
 *
 * @typedef {object} Shape
 * @property {number} layers
 * @property {number} width
 * @property {number} heads
 * @property {number} kvHeads Only qwen3.
 * @property {number} headSize Only qwen3; elsewhere width / heads.
 * @property {number} ffn
 * @property {number} vocabulary Fewest tokens: unused ones fill up.
 * @property {number} context
 */

const QWEN3 = { layers: 28, width: 1024, heads: 16, kvHeads: 8, headSize: 128, ffn: 3072, vocabulary: 151936 };
const TINY_QWEN3 = { layers: 2, width: 64, heads: 4, kvHeads: 2, headSize: 64, ffn: 128, vocabulary: 0 };

/**
 * The published models: jina-reranker-v3, Qwen3-Reranker-0.6B, all-MiniLM-L6-v2, jina-reranker-v1-turbo-en and
 * bge-reranker-v2-m3.
 *
 * @type {Record<Kind, Shape>}
 */
export const FULL = {
  qwen3: { ...QWEN3, context: 131072 },
  'qwen3-reranker': { ...QWEN3, context: 40960 },
  bert: { layers: 6, width: 384, heads: 12, kvHeads: 12, headSize: 32, ffn: 1536, vocabulary: 30522, context: 512 },
  'jina-bert-v2': { layers: 6, width: 384, heads: 12, kvHeads: 12, headSize: 32, ffn: 1536, vocabulary: 61056, context: 8192 },
  'xlm-roberta': { layers: 24, width: 1024, heads: 16, kvHeads: 16, headSize: 64, ffn: 4096, vocabulary: 250002, context: 8192 },
};

/** Small enough for tests, with the features of the full ones. @type {Record<Kind, Shape>} */
export const TINY = {
  qwen3: { ...TINY_QWEN3, context: 131072 },
  'qwen3-reranker': { ...TINY_QWEN3, context: 40960 },
  bert: { layers: 2, width: 64, heads: 2, kvHeads: 2, headSize: 32, ffn: 128, vocabulary: 0, context: 512 },
  'jina-bert-v2': { layers: 2, width: 96, heads: 12, kvHeads: 12, headSize: 8, ffn: 192, vocabulary: 0, context: 8192 },
  'xlm-roberta': { layers: 2, width: 64, heads: 2, kvHeads: 2, headSize: 32, ffn: 128, vocabulary: 0, context: 512 },
};

/** @param {string} kind @returns {kind is Kind} */
export function isKind(kind) {
  return Object.hasOwn(FULL, kind);
}
