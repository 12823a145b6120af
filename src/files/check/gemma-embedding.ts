import type { Architecture } from './architecture.js';
import { COMMON_VALUES } from './common-values.js';
import { GEMMA } from './vocabularies.js';

const headSize = { type: 'u32', least: 2, most: 1024 } as const;
const features = { type: 'u32', least: 0, most: 65_536, optional: true } as const;

/** EmbeddingGemma, with or without the two dense layers behind its pooling. */
export const GEMMA_EMBEDDING: Architecture = {
  name: 'gemma-embedding',
  values: {
    ...COMMON_VALUES,
    'attention.head_count_kv': { type: 'u32', least: 1, most: 256 },
    'attention.key_length': headSize,
    'attention.value_length': headSize,
    'attention.layer_norm_rms_epsilon': { type: 'f32', above: 0, below: 1 },
    'attention.causal': { type: 'bool', oneOf: [false], optional: true },
    'attention.sliding_window': { type: 'u32', least: 1, most: 1_000_000 },
    // Every how many layers one sees everything. As a list, llama.cpp 0.4 leaves it out.
    'attention.sliding_window_pattern': { type: 'u32', least: 2, most: 128, optional: true },
    'rope.freq_base': { type: 'f32', least: 1, most: 1e9 },
    'rope.freq_base_swa': { type: 'f32', least: 1, most: 1e9, optional: true },
    dense_2_feat_in: features,
    dense_2_feat_out: features,
    dense_3_feat_in: features,
    dense_3_feat_out: features,
    'llama-rerank.max_tokens': { type: 'u32', least: 8, most: 1_000_000, optional: true },
  },
  ownHeadSize: true,
  sharedKeys: true,
  rotary: true,
  ownWindow: { period: 6, without: 'last' },
  tensors: [
    { name: 'token_embd.weight', role: 'matrix', shape: ['width', 'tokens'] },
    { name: 'output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'output.weight', role: 'matrix', shape: ['width', 'tokens'], optional: true },
    { name: 'dense_2.weight', role: 'matrix', shape: ['width', 'dense'], optional: true },
    { name: 'dense_3.weight', role: 'matrix', shape: ['dense', 'width'], beside: 'dense_2.weight' },
    { name: 'blk.*.attn_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_q.weight', role: 'matrix', shape: ['width', 'queries'] },
    { name: 'blk.*.attn_q_norm.weight', role: 'vector', shape: ['headSize'] },
    { name: 'blk.*.attn_k.weight', role: 'matrix', shape: ['width', 'keys'] },
    { name: 'blk.*.attn_k_norm.weight', role: 'vector', shape: ['headSize'] },
    { name: 'blk.*.attn_v.weight', role: 'matrix', shape: ['width', 'keys'] },
    { name: 'blk.*.attn_output.weight', role: 'matrix', shape: ['queries', 'width'] },
    { name: 'blk.*.post_attention_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.ffn_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.ffn_gate.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_down.weight', role: 'matrix', shape: ['ffn', 'width'] },
    { name: 'blk.*.post_ffw_norm.weight', role: 'vector', shape: ['width'] },
  ],
  vocabularies: [GEMMA],
};
