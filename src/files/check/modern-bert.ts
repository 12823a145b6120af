import type { Architecture } from './architecture.js';
import { COMMON_VALUES } from './common-values.js';
import { MODERN } from './vocabularies.js';

/** ModernBERT: gte-reranker-modernbert-base, and embedding models. */
export const MODERN_BERT: Architecture = {
  name: 'modern-bert',
  values: {
    ...COMMON_VALUES,
    'attention.layer_norm_epsilon': { type: 'f32', above: 0, below: 1 },
    'attention.causal': { type: 'bool', oneOf: [false] },
    'attention.sliding_window': { type: 'u32', least: 0, most: 1_000_000, optional: true },
    // Every how many layers one sees everything. As a list, llama.cpp 0.4 leaves it out.
    'attention.sliding_window_pattern': { type: 'u32', least: 2, most: 128, optional: true },
    'rope.freq_base_swa': { type: 'f32', least: 1, most: 1e9, optional: true },
    // With another that it knows, llama.cpp ends the process: it takes the two halves of ffn_up for one.
    hidden_activation: { type: 'string', oneOf: ['gelu', 'geglu', 'silu', 'swish', 'swiglu'], optional: true },
    'llama-rerank.max_tokens': { type: 'u32', least: 8, most: 1_000_000, optional: true },
  },
  rotary: true,
  ownWindow: { period: 3, without: 'first' },
  tensors: [
    { name: 'token_embd.weight', role: 'matrix', shape: ['width', 'tokens'] },
    { name: 'token_embd_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'cls.weight', role: 'matrix', shape: ['width', 'width'], optional: true },
    { name: 'cls.norm.weight', role: 'vector', shape: ['width'], optional: true },
    { name: 'cls.output.weight', role: 'matrix', shape: ['width', 'labels'], optional: true },
    { name: 'cls.output.bias', role: 'vector', shape: ['labels'], optional: true },
    { name: 'blk.*.attn_norm.weight', role: 'vector', shape: ['width'], optional: 'first' },
    { name: 'blk.*.attn_qkv.weight', role: 'matrix', shape: ['width', 'queriesKeysValues'] },
    { name: 'blk.*.attn_output.weight', role: 'matrix', shape: ['width', 'width'] },
    { name: 'blk.*.ffn_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffnPair'] },
    { name: 'blk.*.ffn_down.weight', role: 'matrix', shape: ['ffn', 'width'] },
  ],
  vocabularies: [MODERN],
};
