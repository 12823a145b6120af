import type { Architecture } from './architecture.js';
import { COMMON_VALUES } from './common-values.js';
import { queriesKeysValues } from './tensor-lists.js';
import { ROBERTA, WORDPIECE, XLM_ROBERTA } from './vocabularies.js';

/** BERT, RoBERTa and XLM-RoBERTa: embedding models such as all-MiniLM-L6-v2 and bge-m3, and cross-encoders such as bge-reranker. */
export const BERT: Architecture = {
  name: 'bert',
  values: {
    ...COMMON_VALUES,
    'attention.layer_norm_epsilon': { type: 'f32', above: 0, below: 1 },
    'attention.causal': { type: 'bool', oneOf: [false] },
    'tokenizer.ggml.token_type_count': { type: 'u32', least: 1, most: 16 },
    'llama-rerank.max_tokens': { type: 'u32', least: 8, most: 1_000_000, optional: true },
  },
  tensors: [
    { name: 'token_embd.weight', role: 'matrix', shape: ['width', 'tokens'] },
    { name: 'position_embd.weight', role: 'table', shape: ['width', 'context'] },
    { name: 'token_types.weight', role: 'vector', shape: ['width', 'tokenTypes'] },
    { name: 'token_embd_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'token_embd_norm.bias', role: 'vector', shape: ['width'] },
    { name: 'cls.weight', role: 'matrix', shape: ['width', 'width'], optional: true },
    { name: 'cls.bias', role: 'vector', shape: ['width'], optional: true },
    { name: 'cls.output.weight', role: 'matrix', shape: ['width', 'labels'], optional: true },
    { name: 'cls.output.bias', role: 'vector', shape: ['labels'], optional: true },
    ...queriesKeysValues('required'),
    { name: 'blk.*.attn_output.weight', role: 'matrix', shape: ['width', 'width'] },
    { name: 'blk.*.attn_output.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_output_norm.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffn'] },
    { name: 'blk.*.ffn_up.bias', role: 'vector', shape: ['ffn'] },
    { name: 'blk.*.ffn_down.weight', role: 'matrix', shape: ['ffn', 'width'] },
    { name: 'blk.*.ffn_down.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.layer_output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.layer_output_norm.bias', role: 'vector', shape: ['width'] },
  ],
  vocabularies: [WORDPIECE, XLM_ROBERTA, ROBERTA],
};
