// @ts-check
import { bool, f32, general, text, u32 } from './metadata.mjs';

/**
 * @typedef {import('./shapes.mjs').Shape} Shape
 * @typedef {import('./metadata.mjs').Value} Value
 * @typedef {import('./weights.mjs').Weight} Weight
 */

const RANK_POOLING = 4;

/**
 * @param {Shape} shape
 * @param {{ name: string, fileType: number }} options
 * @param {Record<string, Value>} tokenizer
 * @returns {Record<string, Value>}
 */
export function modernBertMetadata(shape, options, tokenizer) {
  return {
    ...general('modern-bert', options.name, options.fileType),
    'modern-bert.block_count': u32(shape.layers),
    'modern-bert.context_length': u32(shape.context),
    'modern-bert.embedding_length': u32(shape.width),
    'modern-bert.feed_forward_length': u32(shape.ffn),
    'modern-bert.attention.head_count': u32(shape.heads),
    'modern-bert.rope.freq_base': f32(160_000),
    'modern-bert.rope.freq_base_swa': f32(10_000),
    'modern-bert.attention.layer_norm_epsilon': f32(1e-5),
    'modern-bert.attention.causal': bool(false),
    'modern-bert.pooling_type': u32(RANK_POOLING),
    'modern-bert.attention.sliding_window': u32(128),
    'modern-bert.attention.sliding_window_pattern': u32(3),
    'modern-bert.rope.scaling.type': text('none'),
    'modern-bert.hidden_activation': text('gelu'),
    ...tokenizer,
  };
}

/**
 * @param {Shape} shape
 * @param {number} tokens
 * @param {boolean} head
 * @returns {Weight[]}
 */
export function modernBertWeights({ layers, width, ffn }, tokens, head) {
  /** @type {Weight[]} */
  const weights = [
    { name: 'token_embd.weight', shape: [width, tokens], std: 0.5 },
    { name: 'token_embd_norm.weight', shape: [width], mean: 1 },
    { name: 'output_norm.weight', shape: [width], mean: 1 },
  ];
  for (let i = 0; i < layers; i++) {
    const block = `blk.${i}.`;
    if (i > 0) weights.push({ name: `${block}attn_norm.weight`, shape: [width], mean: 1 });
    weights.push(
      { name: `${block}attn_qkv.weight`, shape: [width, 3 * width] },
      { name: `${block}attn_output.weight`, shape: [width, width] },
      { name: `${block}ffn_norm.weight`, shape: [width], mean: 1 },
      { name: `${block}ffn_up.weight`, shape: [width, 2 * ffn] },
      { name: `${block}ffn_down.weight`, shape: [ffn, width] },
    );
  }
  if (head) {
    weights.push(
      { name: 'cls.weight', shape: [width, width] },
      { name: 'cls.norm.weight', shape: [width], mean: 1 },
      { name: 'cls.output.weight', shape: [width, 1] },
      { name: 'cls.output.bias', shape: [1] },
    );
  }
  return weights;
}
