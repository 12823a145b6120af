// @ts-check

/**
 * @typedef {'qwen3' | 'qwen3-reranker' | 'qwen2' | EncoderKind | 'modern-bert' | 'gemma-embedding'} Kind
 * @typedef {'bert' | 'minilm-ce' | 'jina-bert-v2' | 'xlm-roberta' | 'nomic-bert'} EncoderKind
 *
 * @typedef {object} Shape
 * @property {number} layers
 * @property {number} width
 * @property {number} heads
 * @property {number} kvHeads Only qwen2, qwen3 and gemma-embedding.
 * @property {number} headSize Only qwen3 and gemma-embedding; elsewhere width / heads.
 * @property {number} ffn
 * @property {number} vocabulary Fewest tokens: unused ones fill up.
 * @property {number} context
 */

const QWEN3 = { layers: 28, width: 1024, heads: 16, kvHeads: 8, headSize: 128, ffn: 3072, vocabulary: 151936 };
const MINILM = { layers: 6, width: 384, heads: 12, kvHeads: 12, headSize: 32, ffn: 1536, vocabulary: 30522, context: 512 };
const TINY_BERT = { layers: 2, width: 64, heads: 2, kvHeads: 2, headSize: 32, ffn: 128, vocabulary: 0, context: 512 };
const TINY_QWEN3 = { layers: 2, width: 64, heads: 4, kvHeads: 2, headSize: 64, ffn: 128, vocabulary: 0 };

/**
 * The published models: jina-reranker-v3, Qwen3-Reranker-0.6B, mxbai-rerank-base-v2, all-MiniLM-L6-v2, ms-marco-MiniLM-L6-v2,
 * jina-reranker-v1-turbo-en, bge-reranker-v2-m3, nomic-embed-text-v1.5, gte-reranker-modernbert-base and EmbeddingGemma-300m.
 *
 * @type {Record<Kind, Shape>}
 */
export const FULL = {
  qwen3: { ...QWEN3, context: 131072 },
  'qwen3-reranker': { ...QWEN3, context: 40960 },
  qwen2: { layers: 24, width: 896, heads: 14, kvHeads: 2, headSize: 64, ffn: 4864, vocabulary: 151936, context: 32768 },
  bert: MINILM,
  'minilm-ce': MINILM,
  'jina-bert-v2': { layers: 6, width: 384, heads: 12, kvHeads: 12, headSize: 32, ffn: 1536, vocabulary: 61056, context: 8192 },
  'xlm-roberta': { layers: 24, width: 1024, heads: 16, kvHeads: 16, headSize: 64, ffn: 4096, vocabulary: 250002, context: 8192 },
  'nomic-bert': { layers: 12, width: 768, heads: 12, kvHeads: 12, headSize: 64, ffn: 3072, vocabulary: 30522, context: 2048 },
  'modern-bert': { layers: 22, width: 768, heads: 12, kvHeads: 12, headSize: 64, ffn: 1152, vocabulary: 50368, context: 8192 },
  'gemma-embedding': {
    layers: 24,
    width: 768,
    heads: 3,
    kvHeads: 1,
    headSize: 256,
    ffn: 1152,
    vocabulary: 262144,
    context: 2048,
  },
};

/** Small enough for tests, with the features of the full ones. @type {Record<Kind, Shape>} */
export const TINY = {
  qwen3: { ...TINY_QWEN3, context: 131072 },
  'qwen3-reranker': { ...TINY_QWEN3, context: 40960 },
  qwen2: { ...TINY_QWEN3, headSize: 16, context: 32768 },
  bert: TINY_BERT,
  'minilm-ce': TINY_BERT,
  'jina-bert-v2': { layers: 2, width: 96, heads: 12, kvHeads: 12, headSize: 8, ffn: 192, vocabulary: 0, context: 8192 },
  'xlm-roberta': TINY_BERT,
  'nomic-bert': { ...TINY_BERT, context: 2048 },
  'modern-bert': { ...TINY_BERT, layers: 3, context: 8192 },
  'gemma-embedding': { ...TINY_BERT, layers: 6, kvHeads: 1, context: 2048 },
};

/** @param {string} kind @returns {kind is Kind} */
export function isKind(kind) {
  return Object.hasOwn(FULL, kind);
}
