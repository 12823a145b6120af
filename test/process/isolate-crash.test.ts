import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LoadOptions, RerankError, Reranker } from '../../dist/index.js';
import { ends, isolatedChildren, theChild } from '../helpers/children.js';
import { fakeLlama, fakeModel } from '../helpers/fake-llama.js';
import { rejection } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const FEW = ['Bees collect nectar.', 'The train was late.'];
/** Enough for several batches. */
const MANY = Array.from({ length: 30 }, (_, i) => `document ${i} ${'of many words '.repeat(12)}`);

const crashed = { code: 'WORKER_CRASHED', message: expect.stringMatching(/ended with signal SIGKILL\..* memory ran out/) };

// A batch of this llama.cpp takes a minute where its model says so. The query of a rerank is one batch, a few documents are another.
describe.skipIf(process.platform === 'win32')('the process of an isolated reranker', () => {
  const open: Reranker[] = [];

  async function load(script: string, options: LoadOptions = {}): Promise<Reranker> {
    const reranker = await Reranker.load(fakeModel(script), { gpu: 'cpu', threads: 1, isolate: true, ...options });
    open.push(reranker);
    return reranker;
  }

  async function kill(): Promise<void> {
    const child = await theChild();
    process.kill(child, 'SIGKILL');
  }

  /** Resolves once the call is computing. */
  const running = (call: (onProgress: () => void) => Promise<unknown>): Promise<{ result: Promise<unknown> }> =>
    new Promise((begun) => {
      const result: Promise<unknown> = call(() => begun({ result }));
      result.catch(() => {});
    });

  beforeAll(() => {
    process.env.LLAMA_RERANK_LIBRARY_PATH = fakeLlama();
  });
  afterAll(() => {
    delete process.env.LLAMA_RERANK_LIBRARY_PATH;
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((reranker) => reranker.dispose()));
    expect(isolatedChildren()).toEqual([]);
  });

  test('killed while loading: the load is rejected', async () => {
    const { result } = await running((onProgress) => load('load=60000ms', { onProgress }));
    await kill();
    const error = await rejection(result);
    expect(error).toMatchObject(crashed);
    expect(error).toBeInstanceOf(RerankError);
  });

  test('killed while idle: the next call works', async () => {
    const reranker = await load('well');
    const before = await reranker.rerank(QUERY, FEW);
    const child = await theChild();
    process.kill(child, 'SIGKILL');
    expect(await ends(child)).toBe(true);
    const after = await reranker.rerank(QUERY, FEW);
    expect(after.results).toEqual(before.results);
    expect(await theChild()).not.toBe(child);
  });

  test('killed while it runs, with others in the queue: each is rejected, and the next call works', async () => {
    const reranker = await load('encode=ok;60000ms');
    const { result } = await running((onProgress) => reranker.rerank(QUERY, MANY, { onProgress }));
    const calls = [result, reranker.rerank(QUERY, FEW), reranker.embedDocuments(FEW), reranker.rerank(QUERY, MANY)];
    const rejections = Promise.all(calls.map(rejection));
    await kill();
    for (const error of await rejections) expect(error).toMatchObject(crashed);
    expect(await reranker.countTokens(['ab'])).toEqual([2]);
    expect(await reranker.embedDocuments(FEW.slice(0, 1))).toHaveLength(1);
  });

  test('killed while it embeds and counts', async () => {
    const reranker = await load('encode=ok;60000ms');
    const { result } = await running((onProgress) => reranker.embedDocuments(MANY, { onProgress }));
    const rejections = Promise.all([rejection(result), rejection(reranker.countTokens(MANY))]);
    await kill();
    const [embedding] = await rejections;
    expect(embedding).toMatchObject(crashed);
    expect(await reranker.embedDocuments(FEW.slice(0, 1))).toHaveLength(1);
  });

  test('killed while it is disposed: calls have DISPOSED, and dispose fulfils', async () => {
    const reranker = await load('encode=ok;60000ms');
    const { result } = await running((onProgress) => reranker.rerank(QUERY, MANY, { onProgress }));
    const child = await theChild();
    const disposed = reranker.dispose();
    process.kill(child, 'SIGKILL');
    await disposed;
    expect(await rejection(result)).toMatchObject({ code: 'DISPOSED' });
    expect(await rejection(reranker.rerank(QUERY, FEW))).toMatchObject({ code: 'DISPOSED' });
    expect((await ends(child, 0)) || (await ends(child, 100))).toBe(true);
  });

  test('disposed while it is started again: the process ends', async () => {
    const reranker = await load('well');
    await kill();
    const call = rejection(reranker.rerank(QUERY, FEW));
    await reranker.dispose();
    expect(await call).toMatchObject({ code: 'DISPOSED' });
  });

  test('N03: an assertion rejects with its text; the next call works, and a good call in between counts anew', async () => {
    const reranker = await load('encode=ok;ok;assert');
    for (let i = 0; i < 4; i++) {
      expect((await reranker.rerank(QUERY, FEW)).results).toHaveLength(2);
      expect(await rejection(reranker.rerank(QUERY, FEW))).toMatchObject({
        code: 'WORKER_CRASHED',
        message: expect.stringContaining(
          'ended with signal SIGABRT. Its last lines: llama-rerank: llama.cpp 0.4.0 stopped the process: fake.cc:1: GGML_ASSERT(false) failed.',
        ),
      });
    }
  });

  test('N03: three crashes in a row are the end, until it is loaded again', async () => {
    const reranker = await load('encode=assert');
    for (let i = 0; i < 3; i++) {
      expect(await rejection(reranker.rerank(QUERY, FEW))).toMatchObject({
        message: expect.stringMatching(/^the process that runs/),
      });
    }
    for (const call of [reranker.rerank(QUERY, FEW), reranker.countTokens([]), reranker.embedDocuments(FEW)]) {
      expect(await rejection(call)).toMatchObject({
        code: 'WORKER_CRASHED',
        message: expect.stringMatching(/3 times in a row .*Reranker\.load\(\).*GGML_ASSERT/),
      });
    }
    expect(isolatedChildren()).toEqual([]);
    expect(await (await load('well')).countTokens(['ab'])).toEqual([2]);
  });

  test('an aborted call rejects with the reason, and its work stops', async () => {
    const reranker = await load('encode=ok;60000ms');
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const { result } = await running((onProgress) => reranker.rerank(QUERY, MANY, { onProgress, signal: controller.signal }));
    const waiting = reranker.rerank(QUERY, MANY, { signal: controller.signal });
    controller.abort(reason);
    expect(await rejection(result)).toBe(reason);
    expect(await rejection(waiting)).toBe(reason);
    // It runs after the aborted one, in the same process.
    const begin = performance.now();
    expect((await reranker.rerank(QUERY, FEW)).results).toHaveLength(2);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test('an aborted load rejects with the reason, and its process ends', async () => {
    const controller = new AbortController();
    const { result } = await running((onProgress) => load('load=60000ms', { onProgress, signal: controller.signal }));
    const child = await theChild();
    controller.abort('no longer');
    expect(await rejection(result)).toBe('no longer');
    expect(await ends(child)).toBe(true);
  });

  test('a call that takes too long is a TIMEOUT', async () => {
    const reranker = await load('encode=ok;60000ms');
    expect(await rejection(reranker.rerank(QUERY, MANY, { timeout: 300 }))).toMatchObject({
      code: 'TIMEOUT',
      message: 'the call took longer than its timeout of 300 ms',
    });
  });
});
