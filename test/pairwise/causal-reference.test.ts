import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RerankOptions } from '../../src/index.js';
import { describeCausal, logitsOf } from '../helpers/causal-suite.js';
import { PAIRWISE_FIXTURES, unpack } from '../helpers/models.js';
import { readJson } from '../helpers/reference.js';
import { loaded, scores } from '../helpers/reranker.js';

const folder = join(PAIRWISE_FIXTURES, 'qwen3-reranker');
describeCausal(folder);

describe('what is not in the reference', () => {
  const model = unpack(join(folder, 'qwen3-reranker-F16-nohead.gguf.gz'), 'pairwise/qwen3-reranker');
  const reranker = loaded(model);
  const { query, documents } = readJson<{ query: string; documents: string[] }>(
    join(folder, 'cases/qwen3-reranker-F16-nohead/wifi.json'),
  );
  const others = Array.from({ length: 200 }, (_, i) => `${'Another document about weather. '.repeat(i % 7)}Number ${i}.`);

  test('E03: a document has the same score alone and among 200 others', async () => {
    const among = scores(await reranker().rerank(query, [...others, ...documents])).slice(others.length);
    for (const [i, document] of documents.entries()) {
      const [alone] = scores(await reranker().rerank(query, [document]));
      expect(Math.abs((alone as number) - (among[i] as number))).toBeLessThan(1e-3);
    }
  });

  test('E08: a beginning that is still there changes no score, and is counted', async () => {
    await reranker().rerank('something else', ['x']);
    const first = await reranker().rerank(query, documents);
    const again = await reranker().rerank(query, documents);
    expect(again.usage.reusedTokens).toBeGreaterThan(60);
    expect(again.usage.reusedTokens).toBeGreaterThan(first.usage.reusedTokens);
    expect(again.usage.totalTokens).toBe(first.usage.totalTokens);
    const [a, b] = [logitsOf(first), logitsOf(again)];
    for (const [i, logit] of a.entries()) expect(Math.abs(logit - (b[i] as number))).toBeLessThan(0.005);
  });

  test('progress ends at the tokens of the call', async () => {
    const seen: { done: number; total: number }[] = [];
    const { usage } = await reranker().rerank(query, others, { onProgress: (progress) => seen.push(progress) });
    expect(usage.blocks).toBeGreaterThan(3);
    expect(seen.at(-1)).toMatchObject({ done: usage.totalTokens, total: usage.totalTokens });
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b));
  });

  test('T12: a long document is cut, or read in windows of which the best counts', async () => {
    const texts = ['stone bridge river '.repeat(400), documents[0] as string];
    const long = async (options: RerankOptions) =>
      (await reranker().rerank(query, texts, { maxDocumentTokens: 300, ...options })).results.find(({ index }) => index === 0);
    expect(await long({})).toMatchObject({ truncated: true });
    expect((await long({ overflow: 'chunk' }))?.chunk?.count).toBeGreaterThan(5);
    await expect(long({ overflow: 'error' })).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW' });
  });

  test('an instruction changes the scores', async () => {
    const plain = scores(await reranker().rerank(query, documents));
    const other = scores(await reranker().rerank(query, documents, { instruction: 'Find recipes.' }));
    expect(plain.some((score, i) => Math.abs(score - (other[i] as number)) > 1e-3)).toBe(true);
  });
});
