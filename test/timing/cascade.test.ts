import { describe, expect, test } from 'vitest';
import { Reranker } from '../../src/index.js';
import { fakeRanker } from '../helpers/fake-ranker.js';
import { largestLag } from '../helpers/lag.js';
import { STARTER, tinyListwise } from '../helpers/models.js';
import { loaded } from '../helpers/reranker.js';

const QUERY = 'a bridge over the river';
const WORDS = ['river', 'stone', 'market', 'silver', 'honey', 'train', 'garden', 'late'];
/** About 200 words each, all different. */
const documents = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    [i, ...Array.from({ length: 200 }, (__, k) => WORDS[(i * 7 + k * k + (i >> 3) * k) % WORDS.length])].join(' '),
  );

/** Milliseconds: what an abort takes, a micro-batch at most, and what a busy machine adds. */
const LATE = 600;

/** Strong models with so many documents that none of the deadlines is enough on one thread. */
describe.each([
  ['similarity', STARTER, 1500],
  ['listwise', tinyListwise(), 200],
])('a %s model as the strong stage', { timeout: 120_000, retry: 2 }, (_, path, count) => {
  const strong = loaded(path);

  test.each([200, 1000, 5000])('a deadline of %i ms is kept, and the event loop turns', async (deadline) => {
    const cascade = Reranker.cascade([fakeRanker(), strong()], { keep: count });
    const list = documents(count);
    for (let call = 0; call < 2; call++) {
      let scored = 0;
      const begin = performance.now();
      let took = 0;
      const lag = await largestLag(async () => {
        const { stages, results } = await cascade.rerank(QUERY, list, { deadline });
        took = performance.now() - begin;
        scored = stages?.[1]?.scored ?? 0;
        expect(results).toHaveLength(count);
        expect(results.filter(({ stage }) => stage === 1)).toHaveLength(scored);
      });
      expect(took - deadline).toBeLessThan(LATE);
      expect(scored).toBeLessThan(count);
      if (call === 1 && deadline >= 1000) expect(scored).toBeGreaterThan(0);
      expect(lag).toBeLessThan(100);
    }
  });
});
