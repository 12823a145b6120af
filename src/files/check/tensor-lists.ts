import type { TensorRole, TensorRule } from './architecture.js';

const FUSED = 'blk.*.attn_qkv.weight';

/**
 * What makes queries, keys and values of a state: one tensor or three.
 *
 * @param biases whether biases must be there
 */
export function queriesKeysValues(biases: 'required' | 'optional'): TensorRule[] {
  const vector = { role: 'vector' as TensorRole, ...(biases === 'optional' && { optional: true as const }) };
  return [
    { name: FUSED, role: 'matrix', shape: ['width', 'queriesKeysValues'], optional: true },
    { name: 'blk.*.attn_qkv.bias', ...vector, shape: ['queriesKeysValues'], beside: FUSED },
    { name: 'blk.*.attn_q.weight', role: 'matrix', shape: ['width', 'queries'], insteadOf: FUSED },
    { name: 'blk.*.attn_q.bias', ...vector, shape: ['queries'], insteadOf: FUSED },
    { name: 'blk.*.attn_k.weight', role: 'matrix', shape: ['width', 'keys'], insteadOf: FUSED },
    { name: 'blk.*.attn_k.bias', ...vector, shape: ['keys'], insteadOf: FUSED },
    { name: 'blk.*.attn_v.weight', role: 'matrix', shape: ['width', 'keys'], insteadOf: FUSED },
    { name: 'blk.*.attn_v.bias', ...vector, shape: ['keys'], insteadOf: FUSED },
  ];
}
