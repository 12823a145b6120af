import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeModel } from '../../scripts/model/make.mjs';
import type { NativeAddon } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { type EncoderOptions, encode, readWeights } from '../helpers/encoder-reference.js';
import { batch, MODEL_OPTIONS, newContext } from '../helpers/native.js';

// Products of weights of every kind, within a whole model, against the formulas in double precision with the numbers of the file.

let folder: string;
let addon: NativeAddon;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'multiply-'));
  ({ addon } = await openLibrary('cpu'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OPTIONS: EncoderOptions = { heads: 4, layers: 2, epsilon: 1e-12, gelu: 'exact' };
const sequence = (length: number, seed: number) => Array.from({ length }, (_, i) => 5 + ((seed * 31 + i * 17) % 60));
/** Numbers of rows around those that are computed at once (6, 12) and around the fewest (16, 128). */
const BATCHES = [[5], [15], [16], [17], [23, 7], [64, 3, 62]].map((lengths) => lengths.map(sequence));

/** Largest error of a state. Where ggml computes, rows are rounded to the type of the weights. */
test.each([
  ['F32', 128, 2e-5],
  ['F16', 128, 4e-3],
  ['BF16', 128, 6e-2],
  ['Q8_0', 128, 8e-2],
  // As many outputs as do not fill the columns that are computed at once.
  ['F32', 112, 2e-5],
  ['Q4_K_M', 256, 8e-2],
  ['Q6_K', 256, 8e-2],
])('%s, width %i', async (type, width, tolerance) => {
  const path = join(folder, `${type}-${width}.gguf`);
  await makeModel({ output: path, kind: 'bert', tiny: true, width, heads: 4, ffn: width, type });
  const weights = await readWeights(path, addon);
  const model = new addon.Model(path, { ...MODEL_OPTIONS, exactGelu: true }, null);
  const { embedding } = await model.load();
  for (const sequences of BATCHES) {
    const results: Float32Array[] = [];
    for (const threads of [1, 3]) {
      const context = newContext(addon, model, { states: 'first', threads, ubatch: 512, flashAttention: false });
      results.push((await context.run(batch(sequences), null)).states);
      await context.close();
    }
    const [states, other] = results as [Float32Array, Float32Array];
    expect(other).toEqual(states);
    const expected = sequences.flatMap((tokens) =>
      (
        encode(
          weights,
          tokens,
          tokens.map(() => 0),
          OPTIONS,
        )[0] as number[]
      ).slice(0, embedding),
    );
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - (states[i] as number))));
    expect(worst, `${sequences.map((tokens) => tokens.length)} tokens`).toBeLessThan(tolerance);
  }
  await model.close();
});
