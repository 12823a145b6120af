import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import type { NativeDevice } from '../../src/engine/addon.js';
import { cacheBytesPerToken, defaultMemoryBudget } from '../../src/engine/memory.js';

/** The shape of jina-reranker-v3. */
const V3 = {
  'general.architecture': 'qwen3',
  'qwen3.block_count': '28',
  'qwen3.embedding_length': '1024',
  'qwen3.attention.head_count': '16',
  'qwen3.attention.head_count_kv': '8',
  'qwen3.attention.key_length': '128',
  'qwen3.attention.value_length': '128',
};
const without = (...keys: string[]) => Object.fromEntries(Object.entries(V3).filter(([key]) => !keys.includes(key)));

test.each([
  ['jina-reranker-v3', V3, 'f16', 114_688],
  ['jina-reranker-v3 in Q8_0', V3, 'q8_0', 60_928],
  [
    'no head sizes: the width over the heads',
    without('qwen3.attention.key_length', 'qwen3.attention.value_length'),
    'f16',
    57_344,
  ],
  ['no key/value heads: as many as heads', without('qwen3.attention.head_count_kv'), 'f16', 229_376],
  ['keys of another architecture do not count', { ...V3, 'general.architecture': 'bert' }, 'f16', 0],
] as const)('bytes of attention cache for a token: %s', (_, metadata, type, expected) => {
  expect(cacheBytesPerToken(metadata, type)).toBe(expected);
});

const gpu = (memoryFree: number, type: NativeDevice['type'] = 'gpu'): NativeDevice => ({
  name: 'GPU',
  description: '',
  backend: 'Metal',
  type,
  memoryFree,
  memoryTotal: 2 ** 40,
});

test('the default budget is a quarter of the free memory, the device’s if that is less', () => {
  expect(defaultMemoryBudget()).toBeGreaterThan(0);
  expect(defaultMemoryBudget()).toBeLessThan(totalmem() / 3);
  expect(defaultMemoryBudget(gpu(4096))).toBe(1024);
  for (const device of [gpu(2 ** 60), gpu(0), gpu(4096, 'cpu')]) expect(defaultMemoryBudget(device)).toBeGreaterThan(2 ** 20);
});
