// @ts-check
import { f32, general, u32 } from './metadata.mjs';

/**
 * @typedef {import('./shapes.mjs').Shape} Shape
 * @typedef {import('./metadata.mjs').Value} Value
 * @typedef {import('./weights.mjs').Weight} Weight
 */

const MEAN_POOLING = 1;

/**
 * With `head`, its two dense layers are there, which widen the pooled state to four times its size and back.
 *
 * @param {Shape} shape
 * @param {{ name: string, fileType: number, head: boolean }} options
 * @param {Record<string, Value>} tokenizer
 * @returns {Record<string, Value>}
 */
export function gemmaEmbeddingMetadata(shape, options, tokenizer) {
  const dense = options.head && {
    'gemma-embedding.dense_2_feat_in': u32(shape.width),
    'gemma-embedding.dense_2_feat_out': u32(4 * shape.width),
    'gemma-embedding.dense_3_feat_in': u32(4 * shape.width),
    'gemma-embedding.dense_3_feat_out': u32(shape.width),
  };
  return {
    ...general('gemma-embedding', options.name, options.fileType),
    'gemma-embedding.context_length': u32(shape.context),
    'gemma-embedding.embedding_length': u32(shape.width),
    'gemma-embedding.block_count': u32(shape.layers),
    'gemma-embedding.feed_forward_length': u32(shape.ffn),
    'gemma-embedding.attention.head_count': u32(shape.heads),
    'gemma-embedding.attention.layer_norm_rms_epsilon': f32(1e-6),
    'gemma-embedding.attention.key_length': u32(shape.headSize),
    'gemma-embedding.attention.value_length': u32(shape.headSize),
    'gemma-embedding.rope.freq_base': f32(1e6),
    'gemma-embedding.attention.sliding_window': u32(512),
    'gemma-embedding.attention.head_count_kv': u32(shape.kvHeads),
    'gemma-embedding.pooling_type': u32(MEAN_POOLING),
    ...dense,
    ...tokenizer,
  };
}

/**
 * @param {Shape} shape
 * @param {number} tokens
 * @param {boolean} head
 * @returns {Weight[]}
 */
export function gemmaEmbeddingWeights({ layers, width, heads, kvHeads, headSize, ffn }, tokens, head) {
  /** @type {Weight[]} */
  const weights = [
    { name: 'token_embd.weight', shape: [width, tokens], std: 0.5 },
    { name: 'output_norm.weight', shape: [width], mean: 1 },
  ];
  for (let i = 0; i < layers; i++) {
    const block = `blk.${i}.`;
    weights.push(
      { name: `${block}attn_norm.weight`, shape: [width], mean: 1 },
      { name: `${block}attn_q.weight`, shape: [width, heads * headSize] },
      { name: `${block}attn_q_norm.weight`, shape: [headSize], mean: 1 },
      { name: `${block}attn_k.weight`, shape: [width, kvHeads * headSize] },
      { name: `${block}attn_k_norm.weight`, shape: [headSize], mean: 1 },
      { name: `${block}attn_v.weight`, shape: [width, kvHeads * headSize] },
      { name: `${block}attn_output.weight`, shape: [heads * headSize, width] },
      { name: `${block}post_attention_norm.weight`, shape: [width], mean: 1 },
      { name: `${block}ffn_norm.weight`, shape: [width], mean: 1 },
      { name: `${block}ffn_gate.weight`, shape: [width, ffn] },
      { name: `${block}ffn_up.weight`, shape: [width, ffn] },
      { name: `${block}ffn_down.weight`, shape: [ffn, width] },
      { name: `${block}post_ffw_norm.weight`, shape: [width], mean: 1 },
    );
  }
  if (head)
    weights.push({ name: 'dense_2.weight', shape: [width, 4 * width] }, { name: 'dense_3.weight', shape: [4 * width, width] });
  return weights;
}
