import type { Architecture } from './architecture.js';
import { COMMON_VALUES } from './common-values.js';
import { queriesKeysValues } from './tensor-lists.js';
import { WORDPIECE } from './vocabularies.js';

/** Nomic's BERT, without experts: nomic-embed-text v1 and v1.5. */
export const NOMIC_BERT: Architecture = {
  name: 'nomic-bert',
  values: {
    ...COMMON_VALUES,
    'attention.layer_norm_epsilon': { type: 'f32', above: 0, below: 1 },
    'attention.causal': { type: 'bool', oneOf: [false] },
    moe_every_n_layers: { type: 'u32', oneOf: [0], optional: true },
    'tokenizer.ggml.token_type_count': { type: 'u32', least: 1, most: 16 },
    'llama-rerank.max_tokens': { type: 'u32', least: 8, most: 1_000_000, optional: true },
  },
  rotary: true,
  tensors: [
    { name: 'token_embd.weight', role: 'matrix', shape: ['width', 'tokens'] },
    { name: 'token_types.weight', role: 'vector', shape: ['width', 'tokenTypes'] },
    { name: 'token_embd_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'token_embd_norm.bias', role: 'vector', shape: ['width'] },
    ...queriesKeysValues('optional'),
    { name: 'blk.*.attn_output.weight', role: 'matrix', shape: ['width', 'width'] },
    { name: 'blk.*.attn_output.bias', role: 'vector', shape: ['width'], optional: true },
    { name: 'blk.*.attn_output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_output_norm.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.ffn_gate.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_down.weight', role: 'matrix', shape: ['ffn', 'width'] },
    { name: 'blk.*.layer_output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.layer_output_norm.bias', role: 'vector', shape: ['width'] },
  ],
  vocabularies: [WORDPIECE],
};
