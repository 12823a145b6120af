import { once } from 'node:events';
import { expect, test } from 'vitest';
import { type LoadOptions, Reranker } from '../../src/index.js';
import { STARTER, tinyListwise } from '../helpers/models.js';
import { MODELS, rejection, scores } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = ['Bees collect nectar.', 'Honey keeps for years.', 'The train was late.'];
/** Several micro-batches, so that a call is still running after the first. */
const MANY = Array.from({ length: 100 }, (_, i) => `document ${i}`);

const load = (path: string, options: LoadOptions = {}) =>
  Reranker.load(path, { gpu: 'cpu', threads: 1, ubatchSize: 64, ...options });

/** What a call rejects with after `act`, which happens when its first micro-batch is done. */
async function whileRunning(reranker: Reranker, act: () => void): Promise<unknown> {
  let begun = false;
  const onProgress = () => {
    if (!begun) act();
    begun = true;
  };
  return rejection(reranker.rerank(QUERY, MANY, { onProgress }));
}

test.each(MODELS)('A08 %s: after dispose() every call is refused, and dispose() gives the same promise', async (_, path) => {
  const reranker = await load(path);
  const disposed = reranker.dispose();
  expect(reranker.dispose()).toBe(disposed);
  await disposed;
  expect(reranker.dispose()).toBe(disposed);
  for (const call of [reranker.rerank(QUERY, DOCUMENTS), reranker.rerank(QUERY, []), reranker.countTokens(['a'])]) {
    expect(await rejection(call)).toMatchObject({ name: 'RerankError', code: 'DISPOSED' });
  }
  expect(reranker.model.path).toBe(path);
});

test.each(MODELS)('A08, C07 %s: dispose() rejects the running call and the waiting ones, then frees', async (_, path) => {
  const reranker = await load(path);
  let disposed: Promise<void> | undefined;
  const running = whileRunning(reranker, () => {
    disposed = reranker.dispose();
  });
  const waiting = rejection(reranker.rerank(QUERY, DOCUMENTS));
  expect(await running).toMatchObject({ code: 'DISPOSED' });
  expect(await waiting).toMatchObject({ code: 'DISPOSED' });
  await disposed;
  const another = await load(path);
  expect(scores(await another.rerank(QUERY, DOCUMENTS))).toHaveLength(3);
  await another.dispose();
});

test('A08: two rerankers of one file: disposing one leaves the other', async () => {
  const [first, second] = await Promise.all([load(STARTER), load(STARTER)]);
  const before = scores(await second.rerank(QUERY, DOCUMENTS));
  const running = second.rerank(QUERY, MANY);
  await first.dispose();
  expect(scores(await running)).toHaveLength(MANY.length);
  expect(scores(await second.rerank(QUERY, DOCUMENTS))).toEqual(before);
  await second.dispose();
});

test.each([
  ['before', (controller: AbortController) => controller.abort(new Error('stop'))],
  ['at once after', (controller: AbortController) => queueMicrotask(() => controller.abort(new Error('stop')))],
  ['soon after', (controller: AbortController) => setImmediate(() => controller.abort(new Error('stop')))],
])('A08: a load whose signal is aborted %s the call rejects with the reason', async (_, abort) => {
  const controller = new AbortController();
  abort(controller);
  expect(await rejection(load(STARTER, { signal: controller.signal }))).toMatchObject({ message: 'stop' });
  const reranker = await load(STARTER);
  expect(scores(await reranker.rerank(QUERY, DOCUMENTS))).toHaveLength(3);
  await reranker.dispose();
});

test('A08: a load is aborted from its own progress', async () => {
  const controller = new AbortController();
  const seen: number[] = [];
  const onProgress = ({ done }: { done: number }) => {
    seen.push(done);
    controller.abort(new Error('enough'));
  };
  expect(await rejection(load(STARTER, { signal: controller.signal, onProgress }))).toMatchObject({ message: 'enough' });
  expect(seen[0]).toBeLessThan(1);
});

test('the progress of a load rises to 1', async () => {
  const seen: unknown[] = [];
  const reranker = await load(STARTER, { onProgress: (progress) => seen.push(progress) });
  await reranker.dispose();
  const done = (seen as { done: number }[]).map((progress) => progress.done);
  expect(seen[0]).toMatchObject({ stage: 'load', total: 1 });
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(done.at(-1)).toBe(1);
});

test('A09: leaving by an error disposes, and the error stays', async () => {
  let left: Reranker | undefined;
  const body = async () => {
    await using reranker = await load(STARTER);
    left = reranker;
    throw new Error('from the body');
  };
  expect(await rejection(body())).toMatchObject({ message: 'from the body' });
  expect(await rejection((left as Reranker).rerank(QUERY, DOCUMENTS))).toMatchObject({ code: 'DISPOSED' });
});

test('A09: Symbol.asyncDispose is dispose()', async () => {
  const reranker = await load(STARTER);
  expect(reranker[Symbol.asyncDispose]()).toBe(reranker.dispose());
  await reranker.dispose();
});

/** Each call that throws is a warning. */
function throwingOnce(message: string): () => void {
  let thrown = false;
  return () => {
    if (thrown) return;
    thrown = true;
    throw new Error(message);
  };
}

test.each(MODELS)('A10 %s: a progress callback that throws is a warning, and the result is the same', async (_, path) => {
  const reranker = await load(path);
  const plain = await reranker.rerank(QUERY, DOCUMENTS);
  const warned = once(process, 'warning');
  const onProgress = throwingOnce('oops in progress');
  const response = await reranker.rerank(QUERY, DOCUMENTS, { onProgress });
  expect((await warned)[0]).toMatchObject({ message: expect.stringContaining('oops in progress') });
  expect(response.results).toEqual(plain.results);
  await reranker.dispose();
});

test('A10: so is one at a load', async () => {
  const warned = once(process, 'warning');
  const onProgress = throwingOnce('oops in load');
  const reranker = await load(tinyListwise(), { onProgress });
  expect((await warned)[0]).toMatchObject({ message: expect.stringContaining('oops in load') });
  expect(scores(await reranker.rerank(QUERY, DOCUMENTS))).toHaveLength(3);
  await reranker.dispose();
});
