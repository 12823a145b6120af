import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeModel } from '../../scripts/model/make.mjs';
import type { Kernels, NativeAddon, NativeModelOptions } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { type EncoderOptions, encode, readWeights } from '../helpers/encoder-reference.js';
import { batch, fault, MODEL_OPTIONS, needs, newContext } from '../helpers/native.js';

let folder: string;
let addon: NativeAddon;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'corrections-'));
  ({ addon } = await openLibrary('cpu'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Weights = Awaited<ReturnType<typeof readWeights>>;

const sequence = (length: number, seed: number) => Array.from({ length }, (_, i) => 5 + ((seed * 31 + i * 17) % 60));
const SEQUENCES = [sequence(17, 1), sequence(5, 2), sequence(90, 3)];
/** 2^-1 .. 2^-8, then those of ggml's rule for heads beyond a power of two; the rerankers have half of these. */
const slopes = (factor: number) => Array.from({ length: 12 }, (_, h) => (h < 8 ? 2 ** -(h + 1) : factor * 2 ** -(h - 8 + 0.5)));
const FACTORS = Float32Array.from({ length: 12 }, (_, h) => (h < 8 ? 1 : 0.5));

/** Largest difference between llama.cpp's first states and the reference's, of sequences in one batch. */
async function difference(
  path: string,
  native: Partial<NativeModelOptions>,
  options: EncoderOptions,
  flashAttention: boolean,
  sequences = SEQUENCES,
  types?: number[][],
  kernels: Kernels = 'avx512',
): Promise<number> {
  const model = new addon.Model(path, { ...MODEL_OPTIONS, ...native }, null);
  const { embedding } = await model.load();
  const context = newContext(addon, model, { states: 'first', ubatch: 512, flashAttention, kernels });
  const job = { ...batch(sequences), ...(types ? { types: Uint8Array.from(types.flat()) } : {}) };
  const { states } = await context.run(job, null);
  // A graph of the same shape runs again.
  expect((await context.run(job, null)).states).toEqual(states);
  await context.close();
  await model.close();
  const weights: Weights = await readWeights(path);
  return Math.max(
    ...sequences.map((tokens, s) => {
      const zeros = tokens.map(() => 0);
      const [first] = encode(weights, tokens, types?.[s] ?? zeros, options) as [number[]];
      return Math.max(...first.map((value, i) => Math.abs(value - (states[s * embedding + i] as number))));
    }),
  );
}

describe('jina-reranker-v1', () => {
  let path: string;
  const right: EncoderOptions = { heads: 12, layers: 2, epsilon: 1e-12, slopes: slopes(0.5), gelu: 'exact' };
  const native = { slopeFactors: FACTORS, exactGelu: true };
  beforeAll(async () => {
    path = join(folder, 'jina.gguf');
    await makeModel({ output: path, kind: 'jina-bert-v2', tiny: true, width: 192, type: 'F32' });
  });

  test.each([
    ['slopes and GELU', native, right],
    // Its approximation is a table of numbers in 16 bits.
    ['neither: llama.cpp as it is', {}, { ...right, slopes: slopes(1), gelu: 'tanh' as const }],
  ])('%s: equal to the formulas, without flash attention', async (_, options, reference) => {
    expect(await difference(path, options, reference, false)).toBeLessThan(reference === right ? 2e-5 : 3e-3);
  });

  test('a sequence alone, whose mask has rows that overlap', async () => {
    for (const tokens of SEQUENCES) expect(await difference(path, native, right, false, [tokens])).toBeLessThan(2e-5);
  });

  test.each([
    ['slopes', { exactGelu: true }, 0.05],
    ['GELU', { slopeFactors: FACTORS }, 5e-5],
  ])('without the correction of %s it is another number', async (_, options, least) => {
    expect(await difference(path, options, right, false)).toBeGreaterThan(least);
  });

  test('flash attention, which keeps keys and values in 16 bits', async () => {
    expect(await difference(path, native, right, true)).toBeLessThan(5e-3);
    expect(await difference(path, native, right, true, [SEQUENCES[0] as number[]])).toBeLessThan(5e-3);
    expect(await difference(path, { exactGelu: true }, right, true)).toBeGreaterThan(0.05);
  });

  test.for(['avxvnni', 'avx2', 'plain'] as const)('the same by the kernels for %s', async (kernels, context) => {
    needs(addon, kernels, context);
    expect(await difference(path, native, right, true, SEQUENCES, undefined, kernels)).toBeLessThan(5e-3);
  });

  test('the same without our kernels, as on other processors: masks for ggml’s flash attention', async () => {
    const [first] = SEQUENCES as [number[]];
    expect(await difference(path, native, right, true, SEQUENCES, undefined, 'off')).toBeLessThan(5e-3);
    expect(await difference(path, native, right, true, [first], undefined, 'off')).toBeLessThan(5e-3);
    expect(await difference(path, { exactGelu: true }, right, true, SEQUENCES, undefined, 'off')).toBeGreaterThan(0.05);
  });

  test('a correction that finds nothing to correct is an error', async () => {
    const model = new addon.Model(path, { ...MODEL_OPTIONS, typeRows: new Float32Array(2 * 96) }, null);
    await model.load();
    const context = newContext(addon, model, { states: 'first' });
    const job = { ...batch([[5, 6]]), types: Uint8Array.of(0, 1) };
    expect(await fault(() => context.run(job, null))).toMatchObject({ code: 'INTERNAL', message: /do not fit/ });
    await context.close();
    await model.close();
  });
});

describe('token types', () => {
  let path: string;
  let native: Partial<NativeModelOptions>;
  const right: EncoderOptions = { heads: 2, layers: 2, epsilon: 1e-12, gelu: 'exact' };
  const types = SEQUENCES.map((tokens) => tokens.map((_, i) => Number(i > tokens.length / 3)));
  beforeAll(async () => {
    path = join(folder, 'bert.gguf');
    await makeModel({ output: path, kind: 'bert', tiny: true, type: 'F32' });
    const weights = await readWeights(path);
    native = { exactGelu: true, typeRows: weights('token_types.weight') };
  });

  test.each([true, false])('equal to the formulas, flash attention %s', async (flashAttention) => {
    expect(await difference(path, native, right, flashAttention, SEQUENCES, types)).toBeLessThan(flashAttention ? 5e-3 : 2e-5);
  });

  test('without them it is another number', async () => {
    const zeros = types.map((list) => list.map(() => 0));
    expect(await difference(path, native, right, false, SEQUENCES, zeros)).toBeLessThan(2e-5);
    const model = new addon.Model(path, { ...MODEL_OPTIONS, ...native }, null);
    const { embedding } = await model.load();
    const context = newContext(addon, model, { states: 'first' });
    const run = async (list: number[][]) =>
      (await context.run({ ...batch(SEQUENCES), types: Uint8Array.from(list.flat()) }, null)).states;
    const [withTypes, without] = [await run(types), await run(zeros)];
    expect(Math.max(...withTypes.map((value, i) => Math.abs(value - (without[i] as number))))).toBeGreaterThan(0.05);
    expect(withTypes).toHaveLength(SEQUENCES.length * embedding);
    const few = { ...batch(SEQUENCES), types: Uint8Array.of(1) };
    expect(await fault(() => context.run(few, null))).toMatchObject({ code: 'INTERNAL', message: /do not cover/ });
    await context.close();
    await model.close();
  });
});
