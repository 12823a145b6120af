import type { Architecture } from './architecture.js';
import { COMMON_VALUES } from './common-values.js';
import { ROBERTA, WORDPIECE } from './vocabularies.js';

const GATE = 'blk.*.ffn_gate.weight';

/**
 * JinaBERT: jina-reranker-v1 and jina-embeddings-v2. The two halves of its feed-forward layer are two tensors or one. Both at once,
 * two halves beside a third, end the process.
 */
export const JINA_BERT_V2: Architecture = {
  name: 'jina-bert-v2',
  values: {
    ...COMMON_VALUES,
    'attention.layer_norm_epsilon': { type: 'f32', above: 0, below: 1 },
    'attention.causal': { type: 'bool', oneOf: [false] },
    'tokenizer.ggml.token_type_count': { type: 'u32', least: 1, most: 16 },
    'llama-rerank.max_tokens': { type: 'u32', least: 8, most: 1_000_000, optional: true },
  },
  mostLabels: 1,
  tensors: [
    { name: 'token_embd.weight', role: 'matrix', shape: ['width', 'tokens'] },
    { name: 'token_types.weight', role: 'vector', shape: ['width', 'tokenTypes'] },
    { name: 'token_embd_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'token_embd_norm.bias', role: 'vector', shape: ['width'] },
    { name: 'cls.weight', role: 'matrix', shape: ['width', 'labels'], optional: true },
    { name: 'cls.bias', role: 'vector', shape: ['labels'], optional: true },
    { name: 'blk.*.attn_q.weight', role: 'matrix', shape: ['width', 'width'] },
    { name: 'blk.*.attn_q.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_q_norm.weight', role: 'vector', shape: ['width'], optional: true },
    { name: 'blk.*.attn_q_norm.bias', role: 'vector', shape: ['width'], optional: true },
    { name: 'blk.*.attn_k.weight', role: 'matrix', shape: ['width', 'width'] },
    { name: 'blk.*.attn_k.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_k_norm.weight', role: 'vector', shape: ['width'], optional: true },
    { name: 'blk.*.attn_k_norm.bias', role: 'vector', shape: ['width'], optional: true },
    { name: 'blk.*.attn_v.weight', role: 'matrix', shape: ['width', 'width'] },
    { name: 'blk.*.attn_v.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_output.weight', role: 'matrix', shape: ['width', 'width'] },
    { name: 'blk.*.attn_output.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_output_norm.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.attn_norm_2.weight', role: 'vector', shape: ['width'], optional: true },
    { name: 'blk.*.attn_norm_2.bias', role: 'vector', shape: ['width'], optional: true },
    { name: GATE, role: 'matrix', shape: ['width', 'ffn'], optional: true },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffn'], beside: GATE },
    { name: 'blk.*.ffn_up.bias', role: 'vector', shape: ['ffn'], beside: GATE, optional: true },
    { name: 'blk.*.ffn_up.weight', role: 'matrix', shape: ['width', 'ffnPair'], insteadOf: GATE },
    { name: 'blk.*.ffn_up.bias', role: 'vector', shape: ['ffnPair'], insteadOf: GATE, optional: true },
    { name: 'blk.*.ffn_down.weight', role: 'matrix', shape: ['ffn', 'width'] },
    { name: 'blk.*.ffn_down.bias', role: 'vector', shape: ['width'] },
    { name: 'blk.*.layer_output_norm.weight', role: 'vector', shape: ['width'] },
    { name: 'blk.*.layer_output_norm.bias', role: 'vector', shape: ['width'] },
  ],
  vocabularies: [ROBERTA, WORDPIECE],
};
