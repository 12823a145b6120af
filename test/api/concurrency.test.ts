import { describe, expect, test, vi } from 'vitest';
import { loadAddon, type NativeAddon } from '../../src/engine/addon.js';
import { Reranker } from '../../src/index.js';
import { STARTER, tinyListwise } from '../helpers/models.js';
import { loaded, MODELS, rejection, scores } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = ['Bees collect nectar.', 'Honey keeps for years.', 'The train was late.'];
/** Several micro-batches, so that a call is still running after the first. */
const MANY = Array.from({ length: 200 }, (_, i) => `document ${i}`);

describe.each(MODELS)('%s', { timeout: 60_000 }, (_, path) => {
  const reranker = loaded(path, { ubatchSize: 64 });
  const fresh = loaded(path, { ubatchSize: 64 });

  /** The calls that follow an interrupted one give what a reranker gives that was never interrupted. */
  async function expectRight(): Promise<void> {
    const [after, wanted] = await Promise.all([reranker().rerank(QUERY, DOCUMENTS), fresh().rerank(QUERY, DOCUMENTS)]);
    expect(scores(after)).toEqual(scores(wanted));
  }

  test('C01: 100 calls at once run in order, and each gives what it gives alone', async () => {
    const queries = Array.from({ length: 10 }, (__, i) => `question ${i}`);
    const alone: number[][] = [];
    for (const query of queries) alone.push(scores(await fresh().rerank(query, DOCUMENTS)));
    const order: number[] = [];
    const calls = Array.from({ length: 100 }, async (__, i) => {
      const response = await reranker().rerank(queries[i % 10] as string, DOCUMENTS);
      order.push(i);
      return scores(response);
    });
    const together = await Promise.all(calls);
    expect(order).toEqual([...calls.keys()]);
    together.forEach((result, i) => {
      expect(result).toEqual(alone[i % 10]);
    });
  });

  test('A07: with a signal that is aborted already, nothing is done', async () => {
    const reason = new Error('too late');
    const onProgress = vi.fn();
    const call = reranker().rerank(QUERY, DOCUMENTS, { signal: AbortSignal.abort(reason), onProgress });
    expect(await rejection(call)).toBe(reason);
    expect(onProgress).not.toHaveBeenCalled();
    const controller = new AbortController();
    controller.abort();
    expect(await rejection(reranker().rerank(QUERY, [], { signal: controller.signal }))).toMatchObject({ name: 'AbortError' });
  });

  test('C04: a call that is aborted while it waits never runs', async () => {
    const controller = new AbortController();
    const ended: string[] = [];
    const running = reranker()
      .rerank(QUERY, MANY)
      .then(() => ended.push('running'));
    const onProgress = vi.fn();
    const waiting = rejection(reranker().rerank(QUERY, DOCUMENTS, { signal: controller.signal, onProgress }));
    const last = reranker().rerank(QUERY, DOCUMENTS);
    controller.abort('no longer needed');
    expect(await waiting).toBe('no longer needed');
    expect(ended).toEqual([]);
    await running;
    await last;
    expect(onProgress).not.toHaveBeenCalled();
    await expectRight();
  });

  test('C05: a running call stops, and the next is right', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const seen: { done: number; total: number }[] = [];
    const onProgress = (progress: { done: number; total: number }) => {
      seen.push(progress);
      controller.abort(reason);
    };
    expect(await rejection(reranker().rerank(QUERY, MANY, { signal: controller.signal, onProgress }))).toBe(reason);
    await expectRight();
    // Micro-batches that were under way while the first was being reported may be reported too.
    const last = seen.at(-1) as { done: number; total: number };
    expect(last.done).toBeLessThan(last.total);
  });

  test('C06: a call that takes longer than its timeout, running or waiting', async () => {
    const { total } = (await reranker().rerank(QUERY, MANY)).usage.milliseconds;
    const running = rejection(reranker().rerank(QUERY, MANY, { timeout: total / 4 }));
    const waiting = rejection(reranker().rerank(QUERY, DOCUMENTS, { timeout: total / 8 }));
    const expected = { name: 'RerankError', code: 'TIMEOUT', message: expect.stringContaining(`${total / 4} ms`) };
    expect(await running).toMatchObject(expected);
    expect(await waiting).toMatchObject({ code: 'TIMEOUT' });
    await expectRight();
    expect(scores(await reranker().rerank(QUERY, DOCUMENTS, { timeout: 60_000 }))).toHaveLength(3);
  });

  test('a call that fails holds up none behind it', async () => {
    const calls = [QUERY, '', QUERY].map((query) => reranker().rerank(query, DOCUMENTS));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expectRight();
  });
});

/** Counts the models that the addon makes while `work` goes on. */
async function nativeLoads(work: () => Promise<void>): Promise<number> {
  const addon = loadAddon() as { Model: NativeAddon['Model'] };
  const Original = addon.Model;
  let count = 0;
  addon.Model = class extends Original {
    constructor(...parameters: ConstructorParameters<NativeAddon['Model']>) {
      super(...parameters);
      count++;
    }
  };
  try {
    await work();
  } finally {
    addon.Model = Original;
  }
  return count;
}

describe('C08', () => {
  const load = (signal?: AbortSignal) => Reranker.load(STARTER, { gpu: 'cpu', threads: 1, ...(signal ? { signal } : {}) });

  test('loads of one file at once share one native load', async () => {
    const loads = await nativeLoads(async () => {
      const all = await Promise.all([load(), load(), load()]);
      const results = await Promise.all(all.map((reranker) => reranker.rerank(QUERY, DOCUMENTS)));
      for (const response of results) expect(scores(response)).toEqual(scores(results[0] as (typeof results)[0]));
      for (const reranker of all) await reranker.dispose();
    });
    expect(loads).toBe(1);
  });

  test('C09: when one of them is cancelled, the other still gets the model', async () => {
    const controller = new AbortController();
    const cancelled = rejection(load(controller.signal));
    const other = load();
    setImmediate(() => controller.abort(new Error('cancelled')));
    expect(await cancelled).toMatchObject({ message: 'cancelled' });
    const reranker = await other;
    expect(scores(await reranker.rerank(QUERY, DOCUMENTS))).toHaveLength(3);
    await reranker.dispose();
  });

  test('a load after the last dispose() is a new one', async () => {
    const loads = await nativeLoads(async () => {
      await (await load()).dispose();
      await (await load()).dispose();
    });
    expect(loads).toBe(2);
  });
});

test('C03: two models at once, each right', async () => {
  const models = await Promise.all([STARTER, tinyListwise()].map((path) => Reranker.load(path, { gpu: 'cpu', threads: 1 })));
  const alone: number[][] = [];
  for (const model of models) alone.push(scores(await model.rerank(QUERY, DOCUMENTS)));
  const together = await Promise.all(Array.from({ length: 6 }, (_, i) => models[i % 2]?.rerank(QUERY, DOCUMENTS)));
  together.forEach((response, i) => {
    expect(scores(response as NonNullable<typeof response>)).toEqual(alone[i % 2]);
  });
  for (const model of models) await model.dispose();
});
