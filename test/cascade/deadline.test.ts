import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Reranker, type RerankResponse } from '../../src/index.js';
import { type FakeRankerOptions, fakeRanker } from '../helpers/fake-ranker.js';

/** Time that passes only in these tests, so that they are exact on a busy machine. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const WORDS = 50;
/** 50 words each; the fast stage likes the first best, the strong one the last. */
const documents = Array.from({ length: 20 }, (_, i) => `${i} ${'word '.repeat(WORDS - 2)}end`);
const QUERY = 'two words';
const MICRO_BATCH = 10;

interface Timed extends RerankResponse {
  took: number;
}

/** A cascade whose strong stage takes `pace` ms a word. */
function cascadeOf(options: FakeRankerOptions, fastPace = 0) {
  const fast = fakeRanker({ score: (text) => -1 - Number.parseInt(text, 10), pace: fastPace });
  const strong = fakeRanker({ microBatch: MICRO_BATCH, ...options });
  return { fast, strong, cascade: Reranker.cascade([fast, strong]) };
}

async function timed(call: Promise<RerankResponse>): Promise<Timed> {
  const begin = performance.now();
  let response: Timed | undefined;
  const done = call.then((value) => {
    response = { ...value, took: performance.now() - begin };
  });
  while (!response) await Promise.race([done, vi.advanceTimersByTimeAsync(1)]);
  return response;
}

/** Every document once; those of the strong stage first, in its order, then the others in the fast one's. */
function expectHonest({ results, stages }: RerankResponse): void {
  const strong = results.filter(({ stage }) => stage === 1);
  const scored = stages?.[1]?.scored ?? Number.NaN;
  expect(strong).toHaveLength(scored);
  expect(results.map(({ index }) => index)).toEqual([
    ...Array.from({ length: scored }, (_, i) => scored - 1 - i),
    ...Array.from({ length: documents.length - scored }, (_, i) => scored + i),
  ]);
  for (const { index, relevanceScore, stage } of results) expect(relevanceScore).toBe(stage === 1 ? index : -1 - index);
  expect(stages?.[1]?.complete).toBe(scored === documents.length);
}

const KINDS: [string, FakeRankerOptions][] = [
  ['pairwise', { model: { family: 'pairwise', scoreKind: 'probability' } }],
  ['similarity', { model: { family: 'similarity', scoreKind: 'cosine' } }],
  ['listwise', { model: { family: 'listwise', scoreKind: 'cosine' }, around: 100 }],
];

describe.each(KINDS)('a %s strong stage', (family, options) => {
  // All 20 documents take 1000 words: 1 s at 1 ms a word.
  test.each([200, 1000, 5000])(
    'a deadline of %i ms is kept within one micro-batch, on the first call and later',
    async (deadline) => {
      for (const pace of [0.05, 1, 4, 30]) {
        const { cascade } = cascadeOf({ ...options, pace });
        for (let call = 0; call < 4; call++) {
          const response = await timed(cascade.rerank(QUERY, documents, { deadline }));
          expectHonest(response);
          expect(response.took).toBeLessThanOrEqual(deadline + MICRO_BATCH * pace + 1);
        }
      }
    },
  );

  test('once the pace is known, most of the time is used', async () => {
    const { cascade } = cascadeOf({ ...options, pace: 1 });
    await timed(cascade.rerank(QUERY, documents, { deadline: 600 }));
    const { stages, took } = await timed(cascade.rerank(QUERY, documents, { deadline: 600 }));
    expect(stages?.[1]?.scored).toBeGreaterThanOrEqual(family === 'listwise' ? 3 : 8);
    expect(took).toBeGreaterThan(family === 'listwise' ? 250 : 450);
  });

  test('with time enough it is as without a deadline, in one call once the pace is known', async () => {
    const { cascade, strong } = cascadeOf({ ...options, pace: 0.1 });
    const free = await timed(cascade.rerank(QUERY, documents));
    const calls = strong.calls.length;
    const bound = await timed(cascade.rerank(QUERY, documents, { deadline: 5000 }));
    expect(strong.calls.length - calls).toBe(1);
    expect(bound.results).toEqual(free.results);
    expect(bound.stages?.[1]).toMatchObject({ documents: 20, scored: 20, complete: true });
  });

  test('time that the strong stage waits for another call counts', async () => {
    const { cascade, strong } = cascadeOf({ ...options, pace: 1 });
    const other = strong.rerank(QUERY, documents);
    const response = await timed(cascade.rerank(QUERY, documents, { deadline: 300 }));
    expect(response.stages?.[1]).toMatchObject({ scored: 0, complete: false });
    await Promise.all([other, vi.advanceTimersByTimeAsync(2000)]);
    expectHonest(response);
  });

  test('it recovers from a bad measurement, up and down', async () => {
    const { cascade, strong } = cascadeOf({ ...options, pace: 0.1 });
    const ask = async () => {
      const response = await timed(cascade.rerank(QUERY, documents, { deadline: 1000 }));
      expectHonest(response);
      return response.stages?.[1]?.scored ?? Number.NaN;
    };
    expect(await ask()).toBe(20);
    strong.pace = 2;
    for (let call = 0; call < 12; call++) await ask();
    expect(await ask()).toBeGreaterThan(2);
    expect(await ask()).toBeLessThan(11);
    strong.pace = 0.1;
    for (let call = 0; call < 12; call++) await ask();
    expect(await ask()).toBe(20);
  });
});

test('a stage that scores each document alone keeps what was scored when time is up', async () => {
  const { cascade, strong } = cascadeOf({
    pace: 1,
    onCall: () => {
      // The third call is the second part of the list below.
      if (strong.calls.length === 3) strong.pace = 10;
    },
  });
  await timed(cascade.rerank(QUERY, documents));
  const { stages } = await timed(cascade.rerank(QUERY, documents, { deadline: 700 }));
  expect(strong.stopped).toHaveLength(1);
  expect(stages?.[1]?.scored).toBeGreaterThanOrEqual(4);
  expect(stages?.[1]?.complete).toBe(false);
});

test('a list that is not done in time is dropped whole', async () => {
  const { cascade, strong } = cascadeOf({ model: { family: 'listwise', scoreKind: 'cosine' }, around: 100, pace: 0.5 });
  await timed(cascade.rerank(QUERY, documents));
  strong.pace = 5;
  const response = await timed(cascade.rerank(QUERY, documents, { deadline: 1000 }));
  expect(strong.stopped).toHaveLength(1);
  expect(response.stages?.[1]).toMatchObject({ scored: 0, complete: false, usage: { totalTokens: 0 } });
  expectHonest(response);
});

test('scores that compare within one list only come from one list', async () => {
  const { cascade, strong } = cascadeOf({ model: { family: 'similarity', scoreKind: 'blend' as never }, pace: 0.5 });
  await timed(cascade.rerank(QUERY, documents));
  strong.calls.length = 0;
  const response = await timed(cascade.rerank(QUERY, documents, { deadline: 500 }));
  expectHonest(response);
  expect(strong.calls.map((call) => call.documents.length)).toEqual([response.stages?.[1]?.scored]);
});

test('the first stage always ends: a deadline before that asks no other', async () => {
  const { cascade, strong } = cascadeOf({ pace: 1 }, 1);
  const response = await timed(cascade.rerank(QUERY, documents, { deadline: 300 }));
  expect(response.took).toBe(1000);
  expect(strong.calls).toEqual([]);
  expectHonest(response);
});

test('an abort after the deadline and before the micro-batch ends is an abort', async () => {
  const { cascade } = cascadeOf({ pace: 10 });
  const controller = new AbortController();
  const call = cascade.rerank(QUERY, documents, { deadline: 150, signal: controller.signal });
  const outcome = expect(call).rejects.toBe('enough');
  await vi.advanceTimersByTimeAsync(160);
  controller.abort('enough');
  await vi.advanceTimersByTimeAsync(100);
  await outcome;
});

test('counting that takes too long is not waited for', async () => {
  const { cascade, strong } = cascadeOf({ pace: 1 });
  strong.countTokens = () => new Promise(() => {});
  const response = await timed(cascade.rerank(QUERY, documents, { deadline: 200 }));
  expect(response.took).toBeLessThanOrEqual(201);
  expectHonest(response);
});

test('three stages share the time that is left', async () => {
  const all = [0, 1, 1].map((pace) => fakeRanker({ pace }));
  const cascade = Reranker.cascade(all, { keep: [20, 20] });
  await timed(cascade.rerank(QUERY, documents));
  const { stages, took } = await timed(cascade.rerank(QUERY, documents, { deadline: 1000 }));
  expect(took).toBeLessThanOrEqual(1011);
  expect(stages?.map(({ scored }) => scored > 5)).toEqual([true, true, true]);
  expect(stages?.[1]?.milliseconds).toBeLessThanOrEqual(511);
});

test('progress rises to at most its total, over all parts', async () => {
  const { cascade } = cascadeOf({ pace: 1 });
  const seen: number[][] = [];
  const onProgress = ({ done, total, step }: { done: number; total: number; step?: { index: number } }) => {
    if (step?.index === 1) seen.push([done, total]);
  };
  await timed(cascade.rerank(QUERY, documents, { deadline: 700, onProgress }));
  expect(seen.length).toBeGreaterThan(20);
  for (const [i, [done = 0, total = 0]] of seen.entries()) {
    expect(done).toBeGreaterThanOrEqual(seen[i - 1]?.[0] ?? 0);
    expect(done).toBeLessThanOrEqual(total);
  }
});
