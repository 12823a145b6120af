import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/index.js';
import { tinyListwise } from '../helpers/models.js';
import { indices, loaded, MODELS, scores } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = ['Bees collect nectar.', 'Honey keeps for years.', 'The train was late.', 'A hive has one queen.'];

describe.each(MODELS)('%s', { timeout: 60_000 }, (family, path) => {
  const reranker = loaded(path);

  test('topN keeps the best, and all when there are fewer', async () => {
    const all = await reranker().rerank(QUERY, DOCUMENTS);
    const best = await reranker().rerank(QUERY, DOCUMENTS, { topN: 2 });
    expect(best.results).toEqual(all.results.slice(0, 2));
    expect((await reranker().rerank(QUERY, DOCUMENTS, { topN: 99 })).results).toEqual(all.results);
  });

  test('minScore keeps what reaches it', async () => {
    const all = await reranker().rerank(QUERY, DOCUMENTS);
    const minScore = all.results[1]?.relevanceScore as number;
    expect((await reranker().rerank(QUERY, DOCUMENTS, { minScore })).results).toEqual(all.results.slice(0, 2));
    expect((await reranker().rerank(QUERY, DOCUMENTS, { minScore: 1.01 })).results).toEqual([]);
  });

  test.skipIf(family === 'pairwise')('embeddings come with the results and change nothing else', async () => {
    const plain = await reranker().rerank(QUERY, DOCUMENTS);
    const { results } = await reranker().rerank(QUERY, DOCUMENTS, { returnEmbeddings: true });
    expect(results.map(({ embedding, ...rest }) => rest)).toEqual(plain.results);
    const widths = results.map(({ embedding }) => embedding?.length);
    expect(widths).toEqual(DOCUMENTS.map(() => (family === 'listwise' ? 512 : 384)));
    expect(results.flatMap(({ embedding }) => embedding ?? []).every(Number.isFinite)).toBe(true);
  });

  test('A02: texts by default, by name and by function; documents come back by reference', async () => {
    const documents = DOCUMENTS.map((body, id) => ({ id, text: 'the same', body, nested: { body } }));
    const plain = await reranker().rerank(QUERY, DOCUMENTS);
    for (const text of ['body' as const, (document: (typeof documents)[number]) => document.nested.body]) {
      const response = await reranker().rerank(QUERY, documents, { text });
      expect(scores(response)).toEqual(scores(plain));
      for (const { index, document } of response.results) expect(document).toBe(documents[index]);
    }
    const byDefault = await reranker().rerank(
      QUERY,
      documents.map(({ id, body }) => ({ id, text: body })),
    );
    expect(scores(byDefault)).toEqual(scores(plain));
  });

  test('A12: a response is plain data', async () => {
    const documents = DOCUMENTS.map((text) => ({ text }));
    const response = await reranker().rerank(QUERY, documents, { returnEmbeddings: family !== 'pairwise' });
    expect(structuredClone(response)).toEqual(response);
    expect(JSON.parse(JSON.stringify(response))).toEqual(response);
  });

  test('A11: what the caller changes after the call has no effect', async () => {
    const before = await reranker().rerank(QUERY, DOCUMENTS, { topN: 3 });
    const documents = [...DOCUMENTS];
    const options = { topN: 3 };
    const running = reranker().rerank(QUERY, documents, options);
    documents.fill('changed');
    documents.length = 1;
    options.topN = 1;
    expect((await running).results).toEqual(before.results);
  });

  test('usage adds up', async () => {
    const { usage } = await reranker().rerank(QUERY, DOCUMENTS);
    const [query, ...documents] = (await reranker().countTokens([QUERY, ...DOCUMENTS])) as [number, ...number[]];
    const text = documents.reduce((sum, count) => sum + count, 0);
    // The query of an embedding model has a batch of its own.
    const blocks = family === 'similarity' ? 2 : 1;
    expect(usage).toMatchObject({ queryTokens: query, queryTruncated: false, blocks, overflow: 'none' });
    // The prompt states the query twice and has words of its own; single texts have a token before and one after.
    if (family === 'listwise') expect(usage.totalTokens).toBeGreaterThan(text + 2 * query);
    else if (family === 'pairwise') expect(usage.totalTokens).toBe(text + (query + 4) * DOCUMENTS.length);
    else expect(usage.totalTokens).toBe(text + query + 2 * (DOCUMENTS.length + 1));
    const { total, ...stages } = usage.milliseconds;
    const times = Object.values(stages);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(times.reduce((sum, time) => sum + time, 0)).toBeCloseTo(total, 3);
  });

  test('progress rises to the total', async () => {
    const seen: Progress[] = [];
    const documents = Array.from({ length: 70 }, (_, i) => `document ${i}`);
    const { usage } = await reranker().rerank(QUERY, documents, { blockSize: 30, onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(1);
    expect(new Set(seen.map(({ stage, total }) => `${stage} ${total}`))).toEqual(new Set([`states ${usage.totalTokens}`]));
    const done = seen.map((progress) => progress.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(usage.totalTokens);
  });

  test('countTokens', async () => {
    const counts = await reranker().countTokens(['', 'bees', 'bees bees', 'bees bees bees', '<|embed_token|>', '\ud800']);
    expect(counts[0]).toBe(0);
    expect(counts[2]).toBeGreaterThan(counts[1] as number);
    expect(counts[3]).toBeGreaterThan(counts[2] as number);
    expect(counts[4]).toBeGreaterThan(1);
    expect(await reranker().countTokens([])).toEqual([]);
    await expect(reranker().countTokens('bees' as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const wrong = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^texts\[1\]: expected a string/) };
    await expect(reranker().countTokens(['a', 5 as never])).rejects.toMatchObject(wrong);
  });
});

describe('listwise', () => {
  const reranker = loaded(tinyListwise());
  const small = loaded(tinyListwise(), { contextSize: 256 });
  const long = Array.from({ length: 6 }, (_, i) => `${'a '.repeat(12 + 3 * i)}no. ${i}`);
  const limits = { maxDocumentTokens: 40 };

  test('an instruction moves the scores, an empty one does not', async () => {
    const plain = scores(await reranker().rerank(QUERY, DOCUMENTS));
    const instructed = await reranker().rerank(QUERY, DOCUMENTS, { instruction: 'Prefer what is about trains.' });
    expect(scores(instructed)).not.toEqual(plain);
    expect(scores(await reranker().rerank(QUERY, DOCUMENTS, { instruction: '' }))).toEqual(plain);
  });

  test('split: several prompts that fit, nothing cut', async () => {
    const response = await small().rerank(QUERY, long, limits);
    const { blocks, overflow, totalTokens } = response.usage;
    expect(overflow).toBe('split');
    expect(blocks).toBeGreaterThan(1);
    expect(totalTokens).toBeLessThanOrEqual(blocks * 256);
    expect(indices(response).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(response.results.map(({ truncated }) => truncated)).not.toContain(true);
  });

  test('truncate: one prompt that fits, the longest documents cut and marked', async () => {
    const response = await small().rerank(QUERY, long, { ...limits, overflow: 'truncate' });
    expect(response.usage).toMatchObject({ blocks: 1, overflow: 'truncate' });
    expect(response.usage.totalTokens).toBeLessThanOrEqual(256);
    const truncated = response.results.filter((result) => result.truncated).map(({ index }) => index);
    expect(truncated.sort()).toEqual([0, 1, 2, 3, 4, 5].slice(-truncated.length));
    expect(truncated.length).toBeGreaterThan(1);
    expect(scores(response)).toHaveLength(6);
  });

  test('error: nothing is done', async () => {
    const expected = { code: 'CONTEXT_OVERFLOW', message: expect.stringMatching(/6 documents.*256 are there/) };
    await expect(small().rerank(QUERY, long, { ...limits, overflow: 'error' })).rejects.toMatchObject(expected);
    expect(scores(await small().rerank(QUERY, ['a'], { ...limits, overflow: 'error' }))).toHaveLength(1);
  });

  test('one document that fits no prompt is an error, and the next call works', async () => {
    const call = small().rerank(QUERY, ['word '.repeat(300)]);
    await expect(call).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringContaining('one document') });
    expect(scores(await small().rerank(QUERY, ['a']))).toHaveLength(1);
  });

  test('blockSize: what it says, and the scores of the whole list', async () => {
    const response = await reranker().rerank(QUERY, [...DOCUMENTS, ...long], { blockSize: 4, overflow: 'split' });
    expect(response.usage).toMatchObject({ blocks: 3, overflow: 'split' });
    expect(scores(response)).toHaveLength(10);
  });

  test('the beginning of a prompt is reused, without a change in the scores', async () => {
    const first = await reranker().rerank(QUERY, DOCUMENTS);
    const again = await reranker().rerank(QUERY, DOCUMENTS);
    expect(again.usage.reusedTokens).toBeGreaterThan(0);
    expect(again.usage.reusedTokens).toBeLessThan(again.usage.totalTokens);
    expect(scores(again)).toEqual(scores(first));
  });
});
