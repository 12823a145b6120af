import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeModel } from '../../scripts/model/make.mjs';
import type { Kernels, NativeAddon } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { readGguf } from '../../src/files/gguf.js';
import { type EncoderOptions, encode, readWeights } from '../helpers/encoder-reference.js';
import { batch, MODEL_OPTIONS, needs, newContext } from '../helpers/native.js';

// Products of weights of every kind, within a whole model, against the formulas in double precision with the numbers of the file; by
// the kernels of every kind of processor that this one can stand for.

let folder: string;
let addon: NativeAddon;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'multiply-'));
  ({ addon } = await openLibrary('cpu'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LEVELS = ['avx512', 'avxvnni', 'avx2'] as const satisfies Kernels[];
const OPTIONS: EncoderOptions = { heads: 4, layers: 2, epsilon: 1e-12, gelu: 'exact' };
const sequence = (length: number, seed: number) => Array.from({ length }, (_, i) => 5 + ((seed * 31 + i * 17) % 60));
/** Numbers of rows around those that are computed at once (4, 6, 12) and around the fewest (16, 128). */
const BATCHES = [[5], [15], [16], [17], [23, 7], [64, 3, 62]].map((lengths) => lengths.map(sequence));

/** The first state of each sequence, one after the other; of the last batch, the same bits by 3 threads. */
async function compute(path: string, batches: number[][][], kernels: Kernels): Promise<Float32Array[]> {
  const model = new addon.Model(path, { ...MODEL_OPTIONS, exactGelu: true }, null);
  await model.load();
  const run = async (threads: number, some: number[][][]) => {
    const context = newContext(addon, model, { states: 'first', threads, ubatch: 512, flashAttention: false, kernels });
    const all: Float32Array[] = [];
    for (const sequences of some) all.push((await context.run(batch(sequences), null)).states);
    await context.close();
    return all;
  };
  const all = await run(1, batches);
  expect(await run(3, batches.slice(-1))).toEqual(all.slice(-1));
  await model.close();
  return all;
}

/** The same from the formulas. */
async function reference(path: string, batches: number[][][]): Promise<number[][]> {
  const weights = await readWeights(path, addon);
  const first = (tokens: number[]) =>
    encode(
      weights,
      tokens,
      tokens.map(() => 0),
      OPTIONS,
    )[0] as number[];
  return batches.map((sequences) => sequences.flatMap(first));
}

const largestError = (states: Float32Array, expected: number[]) =>
  Math.max(...expected.map((value, i) => Math.abs(value - (states[i] as number))));

/** Largest error of a state. Where ggml computes, rows are rounded to the type of the weights. All levels give the same bits. */
describe.each([
  ['F32', 128, 2e-5],
  ['F16', 128, 4e-3],
  ['BF16', 128, 6e-2],
  ['Q8_0', 128, 8e-2],
  // As many outputs as do not fill the columns that are computed at once.
  ['F32', 112, 2e-5],
  ['Q4_K_M', 256, 8e-2],
  ['Q6_K', 256, 8e-2],
])('%s, width %i', (type, width, tolerance) => {
  let path: string;
  let expected: number[][];
  let others: Float32Array[] | undefined;
  beforeAll(async () => {
    path = join(folder, `${type}-${width}.gguf`);
    await makeModel({ output: path, kind: 'bert', tiny: true, width, heads: 4, ffn: width, type });
    expected = await reference(path, BATCHES);
  });

  test.for(LEVELS)('%s', async (level, context) => {
    needs(addon, level, context);
    const all = await compute(path, BATCHES, level);
    others ??= all;
    expect(all).toEqual(others);
    for (const [i, states] of all.entries())
      expect(largestError(states, expected[i] as number[]), `batch ${i}`).toBeLessThan(tolerance);
  });
});

describe('Q8_0, the largest numbers', () => {
  let path: string;
  const batches = [[sequence(19, 1)]];
  let expected: number[][];
  let others: Float32Array[] | undefined;
  beforeAll(async () => {
    path = join(folder, 'largest.gguf');
    await makeModel({ output: path, kind: 'bert', tiny: true, width: 128, heads: 4, ffn: 128, type: 'Q8_0' });
    const bytes = readFileSync(path);
    const { tensors } = await readGguf(path);
    const offset = (name: string) => tensors.find((tensor) => tensor.name === name)?.offset ?? Number.NaN;
    const sign = (i: number) => (i % 3 === 0 ? -1 : 1);
    for (let i = 0; i < 128; i++) {
      // Rows are 2 or -2, whatever the text: 127 or -127.
      bytes.writeFloatLE(0, offset('blk.0.attn_output_norm.weight') + 4 * i);
      bytes.writeFloatLE(2 * sign(i), offset('blk.0.attn_output_norm.bias') + 4 * i);
      // Weights of output i are 127 or -128; of 0 and 1 all with the sign of the row or the other, of others some.
      for (let j = 0; j < 128; j++) {
        const aligned = i === 0 || (i > 1 && (j * (i + 3)) % 7 < 4);
        const number = sign(j) * (aligned ? 1 : -1) > 0 ? 127 : -128;
        bytes.writeInt8(number, offset('blk.0.ffn_up.weight') + (i * 4 + Math.floor(j / 32)) * 34 + 2 + (j % 32));
      }
    }
    writeFileSync(path, bytes);
    expected = await reference(path, batches);
  });

  test.for(LEVELS)('%s', async (level, context) => {
    needs(addon, level, context);
    const all = await compute(path, batches, level);
    others ??= all;
    expect(all).toEqual(others);
    expect(largestError(all[0] as Float32Array, expected[0] as number[])).toBeLessThan(5e-2);
  });
});

describe('a state does not depend on the other sequences', () => {
  let path: string;
  beforeAll(async () => {
    path = join(folder, 'alone.gguf');
    await makeModel({ output: path, kind: 'bert', tiny: true, width: 128, heads: 4, ffn: 128, type: 'Q8_0' });
  });

  test.for(LEVELS)('%s', async (level, context) => {
    needs(addon, level, context);
    const model = new addon.Model(path, { ...MODEL_OPTIONS, exactGelu: true }, null);
    const { embedding } = await model.load();
    const native = newContext(addon, model, { states: 'first', threads: 2, ubatch: 512, kernels: level });
    const firstOf = async (...lengths: number[]) =>
      (await native.run(batch(lengths.map((length) => sequence(length, length))), null)).states.subarray(0, embedding);
    const alone = await firstOf(37);
    expect(await firstOf(37, 5)).toEqual(alone);
    expect(await firstOf(37, 90, 41)).toEqual(alone);
    await native.close();
    await model.close();
  });
});
