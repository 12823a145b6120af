import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Progress, RerankResponse } from '../../src/index.js';
import { largestLag } from '../helpers/lag.js';
import { PAIRWISE_FIXTURES, STARTER, unpack } from '../helpers/models.js';
import { loaded, rejection, scores } from '../helpers/reranker.js';

const MEBIBYTE = 1 << 20;
const WORDS = ['river', 'stone', 'market', 'silver', 'honey', 'train', 'garden', 'late'];
const QUERY = 'a bridge over the river';
const documents = (words: number) =>
  Array.from({ length: 10_000 }, (_, i) =>
    [i, ...Array.from({ length: words }, (__, k) => WORDS[(i * 7 + k * k + (i >> 5)) % WORDS.length])].join(' '),
  );

const pairwise = (file: string) => unpack(join(PAIRWISE_FIXTURES, `${file}.gguf.gz`), 'pairwise');
const head = (name: string) => ({ head: join(PAIRWISE_FIXTURES, `${name}-head.safetensors`) });

/** With how much one call's results, tokens and states may fill memory: 10,000 embeddings of the starter model are 15 MB. */
describe.each([
  ['the starter model', STARTER, {}, 120],
  ['a tiny cross-encoder', pairwise('jina-v1/jina-v1-small-F16'), head('jina-v1/jina-v1-small'), 120],
])('10,000 documents in one call: %s', { timeout: 240_000, retry: 1 }, (_, model, options, megabytes) => {
  const reranker = loaded(model, { ...options });

  test('memory stays flat, progress rises to the total, the event loop turns', async () => {
    const list = documents(1);
    await reranker().rerank(QUERY, list.slice(0, 200));
    const before = process.memoryUsage().rss;
    const seen: Progress[] = [];
    let most = 0;
    const onProgress = (progress: Progress): void => {
      seen.push(progress);
      most = Math.max(most, process.memoryUsage().rss - before);
    };
    let response: RerankResponse | undefined;
    const lag = await largestLag(async () => {
      response = await reranker().rerank(QUERY, list, { onProgress });
    });
    expect(scores(response as unknown as RerankResponse)).toHaveLength(10_000);
    expect(most / MEBIBYTE).toBeLessThan(megabytes);
    expect(seen.length).toBeGreaterThan(100);
    for (const [i, { stage, done, total }] of seen.entries()) {
      expect(stage).toBe('states');
      expect(done).toBeGreaterThanOrEqual(seen[i - 1]?.done ?? 0);
      expect(done).toBeLessThanOrEqual(total);
    }
    expect(seen.at(-1)?.done).toBe(seen.at(-1)?.total);
    expect(lag).toBeLessThan(50);
  });

  test('documents of about 100 tokens are planned beside the event loop, and an abort ends the call at once', async () => {
    const list = documents(100);
    const controller = new AbortController();
    let aborted = 0;
    const onProgress = (): void => {
      if (aborted > 0) return;
      aborted = performance.now();
      controller.abort('enough');
    };
    const lag = await largestLag(async () => {
      expect(await rejection(reranker().rerank(QUERY, list, { signal: controller.signal, onProgress }))).toBe('enough');
    });
    const rejected = performance.now() - aborted;
    // The next call waits for what is still computed: at most one micro-batch.
    await reranker().rerank(QUERY, ['one document']);
    const free = performance.now() - aborted;
    expect(rejected).toBeLessThan(100);
    expect(free).toBeLessThan(500);
    expect(lag).toBeLessThan(50);
  });
});
