import type { Architecture } from './architecture.js';
import { COMMON_VALUES } from './common-values.js';
import { QWEN } from './vocabularies.js';

const headSize = { type: 'u32', least: 2, most: 1024 } as const;

/** Qwen3: jina-reranker-v3 and v3.5, Qwen3-Reranker, and language models. */
export const QWEN3: Architecture = {
  name: 'qwen3',
  values: {
    ...COMMON_VALUES,
    'attention.head_count_kv': { type: 'u32', least: 1, most: 256 },
    'attention.key_length': headSize,
    'attention.value_length': headSize,
    'attention.layer_norm_rms_epsilon': { type: 'f32', above: 0, below: 1 },
    'attention.causal': { type: 'bool', oneOf: [true], optional: true },
    'attention.sliding_window': { type: 'u32', least: 0, most: 1_000_000, optional: true },
    'rope.freq_base': { type: 'f32', least: 1, most: 1e9 },
  },
  ownHeadSize: true,
  sharedKeys: true,
  rotary: true,
  tensors: [
    { name: 'token_embd.weight', role: 'matrix', shape: ['width', 'tokens'] },
    { name: 'output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'output.weight', role: 'matrix', shape: ['width', 'tokens'], optional: true },
    { name: 'cls.output.weight', role: 'matrix', shape: ['width', 'labels'], optional: true },
    { name: 'blk.*.attn_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_q.weight', role: 'matrix', shape: ['width', 'queries'] },
    { name: 'blk.*.attn_q.bias', role: 'vector', shape: ['queries'], optional: true },
    { name: 'blk.*.attn_q_norm.weight', role: 'vector', shape: ['headSize'] },
    { name: 'blk.*.attn_k.weight', role: 'matrix', shape: ['width', 'keys'] },
    { name: 'blk.*.attn_k.bias', role: 'vector', shape: ['keys'], optional: true },
    { name: 'blk.*.attn_k_norm.weight', role: 'vector', shape: ['headSize'] },
    { name: 'blk.*.attn_v.weight', role: 'matrix', shape: ['width', 'keys'] },
    { name: 'blk.*.attn_v.bias', role: 'vector', shape: ['keys'], optional: true },
    { name: 'blk.*.attn_output.weight', role: 'matrix', shape: ['queries', 'width'] },
    { name: 'blk.*.ffn_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.ffn_gate.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_down.weight', role: 'matrix', shape: ['ffn', 'width'] },
  ],
  vocabularies: [QWEN],
};
