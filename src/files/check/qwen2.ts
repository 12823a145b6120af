import type { Architecture } from './architecture.js';
import { COMMON_VALUES } from './common-values.js';
import { QWEN } from './vocabularies.js';

/** Qwen2 and Qwen2.5: mxbai-rerank-v2, jina-code-embeddings, and language models. */
export const QWEN2: Architecture = {
  name: 'qwen2',
  values: {
    ...COMMON_VALUES,
    'attention.head_count_kv': { type: 'u32', least: 1, most: 256 },
    'attention.layer_norm_rms_epsilon': { type: 'f32', above: 0, below: 1 },
    'attention.causal': { type: 'bool', oneOf: [true], optional: true },
    'rope.freq_base': { type: 'f32', least: 1, most: 1e9 },
  },
  sharedKeys: true,
  rotary: true,
  tensors: [
    { name: 'token_embd.weight', role: 'matrix', shape: ['width', 'tokens'] },
    { name: 'output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'output.weight', role: 'matrix', shape: ['width', 'tokens'], optional: true },
    { name: 'blk.*.attn_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_q.weight', role: 'matrix', shape: ['width', 'queries'] },
    { name: 'blk.*.attn_q.bias', role: 'vector', shape: ['queries'] },
    { name: 'blk.*.attn_k.weight', role: 'matrix', shape: ['width', 'keys'] },
    { name: 'blk.*.attn_k.bias', role: 'vector', shape: ['keys'] },
    { name: 'blk.*.attn_v.weight', role: 'matrix', shape: ['width', 'keys'] },
    { name: 'blk.*.attn_v.bias', role: 'vector', shape: ['keys'] },
    { name: 'blk.*.attn_output.weight', role: 'matrix', shape: ['queries', 'width'] },
    { name: 'blk.*.ffn_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.ffn_gate.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_down.weight', role: 'matrix', shape: ['ffn', 'width'] },
  ],
  vocabularies: [QWEN],
};
