import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeAddon, NativeContext, NativeModel } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { cosine } from '../../src/vectors.js';
import { STARTER } from '../helpers/models.js';
import { batch, fault, MODEL_OPTIONS, newContext } from '../helpers/native.js';

const WIDTH = 384;

let addon: NativeAddon;
let model: NativeModel;
let context: NativeContext;
beforeAll(async () => {
  ({ addon } = await openLibrary('cpu'));
  model = new addon.Model(STARTER, MODEL_OPTIONS, null);
  await model.load();
  context = newContext(addon, model, { states: 'mean', ubatch: 512 });
});
afterAll(async () => {
  await context.close();
  await model.close();
});

function sequence(length: number, seed: number): number[] {
  return [101, ...Array.from({ length: length - 2 }, (_, i) => 2000 + ((seed * 101 + i * 37) % 20_000)), 102];
}

async function means(sequences: number[][], within = context): Promise<Float32Array[]> {
  const { states } = await within.run(batch(sequences), null);
  return sequences.map((_, i) => states.slice(i * WIDTH, (i + 1) * WIDTH));
}

test.each([1, 2, 3, 5, 17, 64])('%i sequences in a batch give what each gives alone, in order', async (count) => {
  const sequences = Array.from({ length: count }, (_, i) => sequence(3 + ((i * 5) % 23), i));
  const together = await means(sequences);
  for (const i of new Set([0, 1, count >> 1, count - 1].filter((index) => index < count))) {
    const [alone] = await means([sequences[i] as number[]]);
    const closeness = together.map((mean) => cosine(mean, alone as Float32Array));
    expect(closeness[i]).toBeGreaterThan(1 - 1e-3);
    expect(closeness.indexOf(Math.max(...closeness))).toBe(i);
  }
});

test('the same bits with 1 and 2 threads', async () => {
  const sequences = [sequence(30, 1), sequence(7, 2)];
  const other = newContext(addon, model, { states: 'mean', threads: 2, ubatch: 512 });
  expect(await means(sequences, other)).toEqual(await means(sequences));
  await other.close();
});

test('a batch larger than the micro-batch, and a smaller one after it', async () => {
  const [small] = await means([sequence(9, 1)]);
  expect(await means([sequence(300, 1), sequence(300, 2)])).toHaveLength(2);
  const [again] = await means([sequence(9, 1)]);
  expect(cosine(again as Float32Array, small as Float32Array)).toBeGreaterThan(1 - 1e-6);
});

// The model has learned 512 positions: llama.cpp stops the process at the 513th.
test.each([
  ['a sequence of 513 tokens', batch([sequence(5, 1), sequence(513, 1)]), 'CONTEXT_OVERFLOW', /513 tokens, .* for 512/],
  ['65 sequences', batch(Array.from({ length: 65 }, () => sequence(3, 1))), 'INTERNAL', /1 to 64 sequences/],
  ['no sequence', { ...batch([[1]]), lengths: new Int32Array() }, 'INTERNAL', /1 to 64 sequences/],
  ['an empty sequence', batch([[101, 102], []]), 'INTERNAL', /without tokens/],
  ['a length below 0', { ...batch([[101, 102]]), lengths: Int32Array.of(3, -1) }, 'INTERNAL', /without tokens/],
  ['lengths beyond the tokens', { ...batch([[101, 102]]), lengths: Int32Array.of(3) }, 'INTERNAL', /do not cover/],
  ['tokens beyond the lengths', { ...batch([[101, 102]]), lengths: Int32Array.of(1) }, 'INTERNAL', /do not cover/],
])('%s: refused, and the next call is right', async (_, job, code, message) => {
  const before = await means([sequence(20, 1)]);
  expect(await fault(() => context.run(job, null))).toEqual({ code, message: expect.stringMatching(message) });
  expect(await means([sequence(20, 1)])).toEqual(before);
});
