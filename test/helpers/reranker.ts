import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type LoadOptions, Reranker, type RerankResponse } from '../../src/index.js';
import { PAIRWISE_FIXTURES, STARTER, tinyListwise, unpack } from './models.js';

/** All families, each with a small model. */
export const MODELS: [family: string, path: string][] = [
  ['listwise', tinyListwise()],
  ['pairwise', unpack(join(PAIRWISE_FIXTURES, 'bge-m3/bge-m3-F16.gguf.gz'), 'pairwise')],
  ['similarity', STARTER],
];

/** One reranker for a file's or a group's tests. One thread, since the machine runs other tests meanwhile. */
export function loaded(model: string, options: LoadOptions = {}): () => Reranker {
  let reranker: Reranker;
  beforeAll(async () => {
    reranker = await Reranker.load(model, { gpu: 'cpu', threads: 1, ...options });
  });
  afterAll(() => reranker.dispose());
  return () => reranker;
}

/** Scores in the order of the input; every document must have come back once, with a finite score. */
export function scores({ results }: RerankResponse<unknown>): number[] {
  const byIndex: number[] = [];
  for (const { index, relevanceScore } of results) byIndex[index] = relevanceScore;
  expect(new Set(results.map(({ index }) => index)).size).toBe(results.length);
  expect(Object.keys(byIndex)).toHaveLength(results.length);
  expect(byIndex.filter(Number.isFinite)).toHaveLength(results.length);
  return byIndex;
}

export const indices = ({ results }: RerankResponse<unknown>): number[] => results.map(({ index }) => index);

/** What a promise rejects with; that it fulfils is an error. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => ({ fulfilled: true, reason: undefined }),
    (reason: unknown) => ({ fulfilled: false, reason }),
  );
  expect(outcome.fulfilled, 'it fulfilled').toBe(false);
  return outcome.reason;
}
