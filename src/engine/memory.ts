import { freemem } from 'node:os';
import type { NativeDevice } from './addon.js';

/** Bytes of one number in the attention cache: Q8_0 keeps 32 of them in 34 bytes. */
const CACHE_BYTES = { f16: 2, q8_0: 34 / 32 };

/**
 * Bytes that the attention cache takes for one token: keys and values of every layer.
 * jina-reranker-v3 at F16: 2 * 28 layers * 8 heads * 128 * 2 = 114,688.
 *
 * @param metadata scalars of a GGUF file
 */
export function cacheBytesPerToken(metadata: Readonly<Record<string, string>>, type: 'f16' | 'q8_0'): number {
  const number = (key: string, fallback: number) => Number(metadata[`${metadata['general.architecture']}.${key}`] ?? fallback);
  const heads = number('attention.head_count', 1);
  const size = number('embedding_length', 0) / heads;
  const width = number('attention.key_length', size) + number('attention.value_length', size);
  return number('block_count', 0) * number('attention.head_count_kv', heads) * width * CACHE_BYTES[type];
}

/** A quarter of the memory that is free now, in bytes: the system's, and the GPU's if one computes. */
export function defaultMemoryBudget(device?: NativeDevice): number {
  // Knows about limits of containers; not in every Node 20.
  const available = (process as { availableMemory?: () => number }).availableMemory?.() ?? freemem();
  const onDevice = device && device.type !== 'cpu' && device.memoryFree > 0 ? device.memoryFree : Number.POSITIVE_INFINITY;
  return Math.min(available, onDevice) / 4;
}
