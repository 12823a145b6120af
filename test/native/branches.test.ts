import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeModel } from '../../scripts/model/make.mjs';
import type { NativeAddon, NativeContext, NativeJob, NativeModel } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { batch, fault, MODEL_OPTIONS, newContext, prompt } from '../helpers/native.js';

let folder: string;
let addon: NativeAddon;
let model: NativeModel;
let width: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'branches-'));
  ({ addon } = await openLibrary('cpu'));
  const { model: path } = await makeModel({ output: join(folder, 'm.gguf'), kind: 'qwen3-reranker', tiny: true, width: 128 });
  model = new addon.Model(path, MODEL_OPTIONS, null);
  ({ embedding: width } = await model.load());
});
afterAll(async () => {
  await model.close();
  rmSync(folder, { recursive: true, force: true });
});

const tokens = (length: number, seed: number) => Array.from({ length }, (_, i) => (seed * 31 + i * 17) % 90);

/** A beginning and the sequences that share it. */
function branches(beginning: number[], sequences: number[][]): NativeJob {
  const job = batch([beginning, ...sequences]);
  return { ...job, lengths: Int32Array.from([beginning.length, ...sequences.map((own) => own.length)]) };
}

/** The last state of each, every prompt alone and whole. */
async function whole(beginning: number[], sequences: number[][], flashAttention: boolean): Promise<Float32Array> {
  const context = newContext(addon, model, { flashAttention, ubatch: 512 });
  const states: number[] = [];
  for (const own of sequences) states.push(...(await context.run(prompt([...beginning, ...own]), null)).states);
  await context.close();
  return Float32Array.from(states);
}

function difference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
}

async function using<T>(options: Parameters<typeof newContext>[2], run: (context: NativeContext) => Promise<T>): Promise<T> {
  const context = newContext(addon, model, { states: 'last', ubatch: 128, ...options });
  try {
    return await run(context);
  } finally {
    await context.close();
  }
}

describe.each([true, false])('flash attention %s', (flashAttention) => {
  test.each([
    ['a short beginning', 10, [5, 1, 30]],
    ['a beginning longer than a micro-batch', 300, [40, 3]],
    ['no beginning', 0, [7, 100, 2]],
    ['a sequence longer than a micro-batch', 70, [400]],
    ['as many sequences as there may be', 66, Array.from({ length: 63 }, (_, i) => 1 + (i % 9))],
  ])('%s: the states of the whole prompts', async (_, length, lengths) => {
    const beginning = tokens(length, 1);
    const sequences = lengths.map((own, i) => tokens(own, i + 2));
    const { states } = await using({ flashAttention }, (context) => context.run(branches(beginning, sequences), null));
    expect(states).toHaveLength(sequences.length * width);
    expect(difference(states, await whole(beginning, sequences, flashAttention))).toBeLessThan(0.02);
  });
});

test('the beginning is decoded once, for as long as it stays the same', async () => {
  const [one, other] = [tokens(80, 1), tokens(80, 2)];
  const sequences = [tokens(9, 3), tokens(14, 4)];
  await using({}, async (context) => {
    const run = (beginning: number[]) => context.run(branches(beginning, sequences), null);
    const first = await run(one);
    expect(first.reusedTokens).toBe(0);
    expect(await run(one)).toEqual({ states: first.states, reusedTokens: 80 });
    const second = await run(other);
    expect(second.reusedTokens).toBe(0);
    expect(difference(second.states, first.states)).toBeGreaterThan(0.05);
    expect((await run(one)).states).toEqual(first.states);
  });
});

test('progress counts every token, and an abort leaves the next call right', async () => {
  const job = branches(tokens(200, 1), [tokens(300, 2)]);
  await using({}, async (context) => {
    const seen: number[] = [];
    const right = await context.run(job, (done) => seen.push(done));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(500);
    const running = context.run(branches(tokens(200, 5), [tokens(300, 2)]), () => context.abort());
    expect(await fault(() => running)).toMatchObject({ code: 'ABORTED' });
    expect((await context.run(job, null)).states).toEqual(right.states);
  });
});

test.each([
  ['no sequence', branches([1, 2], []), 'INTERNAL', /1 to 63 sequences/],
  [
    '64 sequences',
    branches(
      [1],
      Array.from({ length: 64 }, () => [2]),
    ),
    'INTERNAL',
    /1 to 63 sequences/,
  ],
  ['an empty sequence', branches([1], [[2], []]), 'INTERNAL', /without tokens/],
  ['a beginning below 0', { ...branches([1], [[2]]), lengths: Int32Array.of(-1, 3) }, 'INTERNAL', /1 to 63 sequences/],
  ['lengths that do not cover the tokens', { ...branches([1], [[2]]), lengths: Int32Array.of(1, 2) }, 'INTERNAL', /do not cover/],
  ['a prompt beyond the context', branches(tokens(150, 1), [tokens(107, 2)]), 'CONTEXT_OVERFLOW', /257 tokens, .* hold 256/],
])('%s: refused, and the next call is right', async (_, job, code, message) => {
  await using({ maxTokens: 256 }, async (context) => {
    const right = await context.run(branches([1, 2], [[3]]), null);
    expect(await fault(() => context.run(job, null))).toEqual({ code, message: expect.stringMatching(message) });
    expect((await context.run(branches([1, 2], [[3]]), null)).states).toEqual(right.states);
  });
});
