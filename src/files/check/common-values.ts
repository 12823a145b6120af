import type { ValueRules } from './architecture.js';

const MOST_CONTEXT = 1_000_000;
const absent = { type: 'u32', oneOf: [0], optional: true } as const;
const size = { type: 'u32', least: 1, most: 1024, optional: true } as const;
const factor = { type: 'f32', least: 1e-4, most: 1e4, optional: true } as const;

/** What llama.cpp reads for every architecture. Outside of these ranges it aborts the process, or computes nonsense. */
export const COMMON_VALUES: ValueRules = {
  'general.name': { type: 'string', longest: 65_536, optional: true },
  'general.file_type': { type: 'u32', least: 0, most: 0xffffffff, optional: true },
  block_count: { type: 'u32', least: 1, most: 128 },
  context_length: { type: 'u32', least: 64, most: MOST_CONTEXT },
  embedding_length: { type: 'u32', least: 32, most: 16_384 },
  embedding_length_out: { type: 'u32', least: 32, most: 16_384, optional: true },
  feed_forward_length: { type: 'u32', least: 1, most: 1_000_000 },
  pooling_type: { type: 'u32', least: 0, most: 4, optional: true },
  'attention.head_count': { type: 'u32', least: 1, most: 256 },
  'attention.head_count_kv': { type: 'u32', least: 1, most: 256, optional: true },
  'attention.key_length': size,
  'attention.value_length': size,
  'attention.key_length_swa': size,
  'attention.value_length_swa': size,
  'rope.dimension_count': size,
  'rope.dimension_count_swa': size,
  'rope.freq_base': { type: 'f32', least: 1, most: 1e9, optional: true },
  'rope.scaling.type': { type: 'string', oneOf: ['none', 'linear', 'yarn', 'longrope'], optional: true },
  'rope.scaling.factor': factor,
  'rope.scale_linear': factor,
  'rope.scaling.attn_factor': factor,
  'rope.scaling.alpha': { type: 'f32', least: 0, most: 1e4, optional: true },
  'rope.scaling.original_context_length': { type: 'u32', least: 1, most: MOST_CONTEXT, optional: true },
  'rope.scaling.finetuned': { type: 'bool', oneOf: [true, false], optional: true },
  nextn_predict_layers: absent,
  expert_count: absent,
  expert_used_count: absent,
  expert_group_count: absent,
  expert_group_used_count: absent,
};
