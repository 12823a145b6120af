import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeAddon, NativeContextOptions, NativeJob, NativeModel, NativeStates } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { cosine } from '../../src/vectors.js';
import { tinyListwise } from '../helpers/models.js';
import { fault, MODEL_OPTIONS, newContext, prompt } from '../helpers/native.js';

const WIDTH = 64;
const OVERFLOW = { code: 'CONTEXT_OVERFLOW', message: expect.stringMatching(/513 tokens, the context may hold 512/) };

let addon: NativeAddon;
let model: NativeModel;
beforeAll(async () => {
  ({ addon } = await openLibrary('cpu'));
  model = new addon.Model(tinyListwise(), MODEL_OPTIONS, null);
  await model.load();
});
afterAll(() => model.close());

function ids(count: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, i) => (seed * 7919 + i * (i + 31)) % 2700);
}

/** Runs jobs one after the other in one context. */
async function run(jobs: NativeJob[], options: Partial<NativeContextOptions> = {}): Promise<NativeStates[]> {
  const context = newContext(addon, model, options);
  const outputs: NativeStates[] = [];
  for (const job of jobs) outputs.push(await context.run(job, null));
  await context.close();
  return outputs;
}

async function fresh(job: NativeJob, options?: Partial<NativeContextOptions>): Promise<Float32Array> {
  return ((await run([job], options))[0] as NativeStates).states;
}

function rowsOf(states: Float32Array): Float32Array[] {
  return Array.from({ length: states.length / WIDTH }, (_, i) => states.slice(i * WIDTH, (i + 1) * WIDTH));
}

const ROWS = [0, 3, 127, 128, 250, 251, 399];
const marked = prompt(ids(400), ROWS);

describe('marked rows', () => {
  test('are those of all tokens through embeddings, in the same order', async () => {
    const [states, all] = [await fresh(marked), await fresh(marked, { states: 'all' })];
    expect(states).toHaveLength(ROWS.length * WIDTH);
    // The last layer has few rows then, and ggml, which computes these, rounds rows to 16 bits.
    expect(Math.max(...states.map((value, i) => Math.abs(value - (all[i] as number))))).toBeLessThanOrEqual(1e-3);
    for (const [i, row] of rowsOf(states).entries()) {
      const closest = rowsOf(all).map((other) => cosine(row, other));
      expect(closest.indexOf(Math.max(...closest))).toBe(i);
    }
  });

  test('do not depend on which others are marked', async () => {
    const rows = rowsOf(await fresh(marked));
    for (const [i, row] of ROWS.entries()) {
      const alone = await fresh(prompt(ids(400), [row]));
      expect(cosine(alone, rows[i] as Float32Array)).toBeGreaterThan(1 - 1e-6);
    }
  });

  test('have the same bits with 1, 2 and 3 threads', async () => {
    // Short, since more threads than processors wait for each other.
    const job = prompt(ids(70), [0, 69]);
    const states = await fresh(job, { threads: 1 });
    for (const threads of [2, 3]) expect(await fresh(job, { threads })).toEqual(states);
  });

  test.each([
    ['with a Q8_0 cache', { kvCacheType: 'q8_0' }, 0.99],
    ['without flash attention', { flashAttention: false }, 0.9999],
    ['in larger micro-batches', { ubatch: 512 }, 0.9999],
    ['in smaller micro-batches', { ubatch: 16 }, 0.9999],
  ] as const)('are nearly the same %s', async (_, options, least) => {
    const [expected, states] = [rowsOf(await fresh(marked)), rowsOf(await fresh(marked, options))];
    for (const [i, row] of states.entries()) expect(cosine(row, expected[i] as Float32Array)).toBeGreaterThan(least);
  });
});

describe('what an earlier prompt left', () => {
  const prefix = ids(200);
  const one = prompt([...prefix, ...ids(150, 2)], [349], [200]);
  const two = prompt([...prefix, ...ids(170, 3)], [300, 369], [200]);

  test.each([
    ['the prefix up to a cut', two, 200],
    ['not what holds a wanted row', { ...two, rows: Int32Array.of(150, 369) }, 128],
    ['not what was split elsewhere', { ...two, cuts: Int32Array.of(192) }, 128],
    ['nothing of another prompt', prompt(ids(300, 4)), 0],
    ['all but the last micro-batch of the same prompt', one, 264],
  ])('is used: %s, and the bits are those of a fresh context', async (_, next, reused) => {
    const [, after] = (await run([one, next])) as [NativeStates, NativeStates];
    expect(after).toEqual({ states: await fresh(next), reusedTokens: reused });
  });

  test('grows and stays right', async () => {
    const jobs = [20, 700, 300, 3000, 20].map((count) => prompt(ids(count, count), [0, count - 1]));
    const outputs = await run(jobs);
    for (const [i, job] of jobs.entries()) expect(outputs[i]?.states).toEqual(await fresh(job));
  });

  test('C05: after an abort in any micro-batch the next call has the bits of a fresh one', async () => {
    const expected = await fresh(two);
    const context = newContext(addon, model);
    for (const at of [0, 128, 200, 264]) {
      const call = () => context.run({ ...one, rows: Int32Array.of(0, 349) }, (tokens) => tokens === at && context.abort());
      // The abort may come too late for a micro-batch this small.
      await call().catch(({ code }) => expect(code).toBe('ABORTED'));
      expect((await context.run(two, null)).states).toEqual(expected);
    }
    await context.close();
  });
});

test('progress: what was reused, then the end of each micro-batch', async () => {
  const context = newContext(addon, model);
  const seen: number[] = [];
  await context.run(prompt(ids(400), [399], [200]), (tokens) => seen.push(tokens));
  expect(seen).toEqual([0, 128, 200, 328, 400]);
  await context.close();
});

describe('jobs that are refused leave the context as it is', () => {
  test.each([
    ['no tokens', prompt([], []), { code: 'INTERNAL' }],
    ['no rows', prompt([1, 2], []), { code: 'INTERNAL' }],
    ['rows out of order', prompt(ids(9), [3, 2]), { code: 'INTERNAL' }],
    ['a row twice', prompt(ids(9), [3, 3]), { code: 'INTERNAL' }],
    ['a row before the prompt', prompt(ids(9), [-1]), { code: 'INTERNAL' }],
    ['a row behind the prompt', prompt(ids(9), [9]), { code: 'INTERNAL' }],
    ['cuts out of order', prompt(ids(9), [8], [5, 4]), { code: 'INTERNAL' }],
    ['a cut at the begin', prompt(ids(9), [8], [0]), { code: 'INTERNAL' }],
    ['a cut at the end', prompt(ids(9), [8], [9]), { code: 'INTERNAL' }],
    ['too many tokens', prompt(ids(513)), OVERFLOW],
  ])('%s', async (_, job, error) => {
    const context = newContext(addon, model, { maxTokens: 512 });
    const good = prompt(ids(512), [511]);
    const { states } = await context.run(good, null);
    expect(await fault(() => context.run(job, null))).toMatchObject(error);
    expect(await context.run(good, null)).toEqual({ states, reusedTokens: 384 });
    await context.close();
  });
});
