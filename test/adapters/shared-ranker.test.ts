import { expect, test } from 'vitest';
import { SharedRanker } from '../../src/adapters/shared-ranker.js';
import type { Ranker } from '../../src/index.js';
import { rejection } from '../helpers/reranker.js';

/** A load that ends when the test says so, and what became of it. */
function loads() {
  const begun: { signal: AbortSignal; end: (ranker: Ranker) => void; fail: (error: unknown) => void }[] = [];
  const shared = new SharedRanker((signal) => new Promise<Ranker>((end, fail) => void begun.push({ signal, end, fail })));
  let disposed = 0;
  const ranker = { dispose: async () => void disposed++ } as unknown as Ranker;
  return { begun, shared, ranker, disposed: () => disposed };
}

test('concurrent calls share one load, and later calls what it gave', async () => {
  const { begun, shared, ranker } = loads();
  const calls = [shared.get(), shared.get(new AbortController().signal)];
  begun[0]?.end(ranker);
  expect(await Promise.all(calls)).toEqual([ranker, ranker]);
  expect(await shared.get()).toBe(ranker);
  expect(begun).toHaveLength(1);
});

test('a load that failed is tried again', async () => {
  const { begun, shared, ranker } = loads();
  const calls = [shared.get(), shared.get()].map(rejection);
  const error = new Error('no such model');
  begun[0]?.fail(error);
  expect(await Promise.all(calls)).toEqual([error, error]);
  const again = shared.get();
  begun[1]?.end(ranker);
  expect(await again).toBe(ranker);
});

test('an abort ends one wait, and the load only when nobody waits any more', async () => {
  const { begun, shared, ranker, disposed } = loads();
  const [first, second] = [new AbortController(), new AbortController()];
  const calls = [rejection(shared.get(first.signal)), rejection(shared.get(second.signal))];
  first.abort('first');
  expect(await calls[0]).toBe('first');
  expect(begun[0]?.signal.aborted).toBe(false);
  second.abort('second');
  expect(await calls[1]).toBe('second');
  expect(begun[0]?.signal.reason).toBe('second');
  // The next call loads anew, and what comes too late is freed.
  const next = shared.get();
  begun[0]?.end(ranker);
  expect(begun).toHaveLength(2);
  const other = { ...ranker };
  begun[1]?.end(other);
  expect(await next).toBe(other);
  expect(disposed()).toBe(1);
});

test('a signal that was aborted before loads nothing', async () => {
  const { begun, shared } = loads();
  expect(await rejection(shared.get(AbortSignal.abort('no')))).toBe('no');
  expect(begun).toHaveLength(0);
});

test('dispose stops loading, frees what is loaded, and the next call loads again', async () => {
  const { begun, shared, ranker, disposed } = loads();
  await shared.dispose();
  const waiting = rejection(shared.get());
  const gone = shared.dispose();
  expect(begun[0]?.signal.reason).toMatchObject({ code: 'DISPOSED' });
  begun[0]?.fail(begun[0].signal.reason);
  await gone;
  expect(await waiting).toMatchObject({ code: 'DISPOSED' });
  const again = shared.get();
  begun[1]?.end(ranker);
  await again;
  await shared.dispose();
  expect(disposed()).toBe(1);
});
