import { expect, test } from 'vitest';
import type { RerankRequest, Scored } from '../src/family.js';
import { rank } from '../src/ranking.js';

const REQUEST = { topN: 10, minScore: undefined, returnEmbeddings: false } as RerankRequest;

function ranked(scores: number[], request: Partial<RerankRequest> = {}, embeddings?: Float32Array[]): ReturnType<typeof rank> {
  const documents = scores.map((_, i) => ({ id: i }));
  const scored: Scored = { scores: Float64Array.from(scores), embeddings };
  return rank(
    documents,
    scored,
    scores.map((_, i) => i === 1),
    { ...REQUEST, ...request },
  );
}

test.each([
  ['best first', [0.1, 0.3, 0.2], {}, [1, 2, 0]],
  ['equal scores in the order of the input', [0.5, 0.7, 0.5, 0.7, 0.5], {}, [1, 3, 0, 2, 4]],
  ['0 and -0 are equal', [-0, 0, -0], {}, [0, 1, 2]],
  ['topN', [0.1, 0.3, 0.2], { topN: 2 }, [1, 2]],
  ['topN beyond the list', [0.1, 0.3], { topN: Number.MAX_SAFE_INTEGER }, [1, 0]],
  ['minScore includes its own value', [-0.2, 0.3, 0.2], { minScore: 0.2 }, [1, 2]],
  ['minScore 0', [-0.2, 0, 0.2], { minScore: 0 }, [2, 1]],
  ['minScore above all', [-0.2, 0.2], { minScore: 1 }, []],
  ['minScore, then topN', [0.1, 0.3, 0.2], { topN: 1, minScore: 0.2 }, [1]],
])('%s', (_, scores, request, expected) => {
  expect(ranked(scores, request).map(({ index }) => index)).toEqual(expected);
});

test('a result is the document by reference, its score and its flag, and nothing else', () => {
  const [first, second] = ranked([0.25, 0.5]);
  expect(first).toEqual({ index: 1, relevanceScore: 0.5, document: { id: 1 }, truncated: true });
  expect(second).toEqual({ index: 0, relevanceScore: 0.25, document: { id: 0 }, truncated: false });
});

test('embeddings are plain arrays of their own', () => {
  const rows = [Float32Array.of(1, 2), Float32Array.of(3, 4)];
  const [first] = ranked([0, 1], { returnEmbeddings: true }, rows);
  expect(first?.embedding).toEqual([3, 4]);
  expect(ranked([0, 1], {}, rows)[0]).not.toHaveProperty('embedding');
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('N05: a score of %s is never sorted', (score) => {
  const expected = { code: 'NON_FINITE', message: expect.stringContaining('documents[1]') };
  expect(() => ranked([0, score, 1])).toThrow(expect.objectContaining(expected));
});

test('N07: a score too few', () => {
  const scored = { scores: Float64Array.of(1), embeddings: undefined };
  expect(() => rank(['a', 'b'], scored, [false, false], REQUEST)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
});
