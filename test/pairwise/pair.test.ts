import { describe, expect, test } from 'vitest';
import type { Overflow } from '../../src/index.js';
import { defaultLimits, fitPairs, type PairForm } from '../../src/pairwise/pair.js';
import { windowsOf } from '../../src/pairwise/windows.js';

const FORM: PairForm = { prefix: [1], between: [2, 2], suffix: [2], typed: false };
const ids = (length: number, from = 100) => Int32Array.from({ length }, (_, i) => from + i);
const limits = (overflow: Overflow = 'truncate', maxQueryTokens = 512, maxDocumentTokens = 1e6) => ({
  overflow,
  maxQueryTokens,
  maxDocumentTokens,
});
const tokensOf = ({ sequences }: Awaited<ReturnType<typeof fitPairs>>) => sequences.map(({ tokens }) => [...tokens]);

test('a pair is `<s> query </s></s> document </s>`', async () => {
  const fitted = await fitPairs(ids(2, 10), [ids(3, 20), ids(0)], FORM, 32, limits());
  expect(tokensOf(fitted)).toEqual([
    [1, 10, 11, 2, 2, 20, 21, 22, 2],
    [1, 10, 11, 2, 2, 2],
  ]);
  expect(fitted).toMatchObject({ windows: [[0], [1]], queryTokens: 2, queryTruncated: false, truncated: [false, false] });
  expect(fitted.sequences[0]?.types).toBeUndefined();
});

test('types are 1 from the document’s first token to the end', async () => {
  const form = { prefix: [1], between: [2], suffix: [2], typed: true };
  const { sequences } = await fitPairs(ids(2), [ids(2), ids(0)], form, 32, limits());
  expect(sequences.map(({ types }) => [...(types as Uint8Array)])).toEqual([
    [0, 0, 0, 0, 1, 1, 1],
    [0, 0, 0, 0, 1],
  ]);
});

describe('limits', () => {
  test('the query keeps its first tokens, then the document what is left', async () => {
    const fitted = await fitPairs(ids(9, 10), [ids(20, 50), ids(3, 50)], FORM, 16, limits('truncate', 5));
    expect(tokensOf(fitted)).toEqual([
      [1, 10, 11, 12, 13, 14, 2, 2, 50, 51, 52, 53, 54, 55, 56, 2],
      [1, 10, 11, 12, 13, 14, 2, 2, 50, 51, 52, 2],
    ]);
    expect(fitted).toMatchObject({ queryTokens: 5, queryTruncated: true, truncated: [true, false] });
  });

  test('exactly as long as there is room is not cut', async () => {
    expect((await fitPairs(ids(5), [ids(7), ids(8)], FORM, 16, limits())).truncated).toEqual([false, true]);
  });

  test('the query leaves a quarter of the pair, whatever the call says', async () => {
    const fitted = await fitPairs(ids(100), [ids(100)], FORM, 16, limits('truncate', 1000));
    expect(fitted).toMatchObject({ queryTokens: 9, queryTruncated: true, truncated: [true] });
    expect(tokensOf(fitted)[0]).toHaveLength(16);
  });

  test('the call’s own limit for documents', async () => {
    const fitted = await fitPairs(ids(2), [ids(9), ids(4)], FORM, 64, limits('truncate', 512, 4));
    expect(fitted.truncated).toEqual([true, false]);
    expect(tokensOf(fitted).map((list) => list.length)).toEqual([10, 10]);
  });

  test.each([64, 65, 127, 512, 8192])('no pair has more than %i tokens', async (most) => {
    for (const query of [0, 1, 31, 32, 33, 600]) {
      for (const overflow of ['truncate', 'chunk'] as const) {
        const { sequences } = await fitPairs(
          ids(query),
          [ids(0), ids(1), ids(most), ids(3 * most)],
          FORM,
          most,
          limits(overflow),
        );
        for (const { tokens } of sequences) expect(tokens.length).toBeLessThanOrEqual(most);
      }
    }
  });
});

describe('chunk', () => {
  test('every token is read with the query before it, and nothing is truncated', async () => {
    const document = ids(100);
    const fitted = await fitPairs(ids(2, 10), [ids(3), document], FORM, 26, limits('chunk'));
    expect(fitted.windows).toEqual([[0], expect.any(Array)]);
    expect(fitted.truncated).toEqual([false, false]);
    const read = new Set<number>();
    for (const sequence of fitted.windows[1] as number[]) {
      const tokens = tokensOf(fitted)[sequence] as number[];
      expect(tokens.slice(0, 5)).toEqual([1, 10, 11, 2, 2]);
      for (const token of tokens.slice(5, -1)) read.add(token);
    }
    expect([...read]).toEqual([...document]);
  });

  test('an empty document is one window', async () => {
    expect((await fitPairs(ids(2), [ids(0)], FORM, 26, limits('chunk'))).windows).toEqual([[0]]);
  });
});

test.each([
  [0, 10, [[0, 0]]],
  [10, 10, [[0, 10]]],
  [
    11,
    10,
    [
      [0, 10],
      [8, 11],
    ],
  ],
  [
    1000,
    400,
    [
      [0, 400],
      [320, 720],
      [640, 1000],
    ],
  ],
  [
    3,
    1,
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  ],
])('windows of %i tokens, %i at once', (length, room, expected) => {
  expect(windowsOf(length, room)).toEqual(expected);
});

describe('error', () => {
  test('what fits passes', async () => {
    expect((await fitPairs(ids(8), [ids(4)], FORM, 16, limits('error'))).truncated).toEqual([false]);
  });

  test.each([
    ['a document', 2, [1, 11], /documents\[1\] has 11 tokens, and 10 fit/],
    ['the query', 10, [1], /the query has 10 tokens, and 9 fit/],
  ])('%s that is too long is CONTEXT_OVERFLOW', async (_, query, documents, message) => {
    const call = () =>
      fitPairs(
        ids(query),
        documents.map((length) => ids(length)),
        FORM,
        16,
        limits('error'),
      );
    await expect(call()).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringMatching(message) });
  });
});

test.each([
  [512, 256],
  [1024, 512],
  [8192, 512],
])('of %i tokens a query has %i unless the call says otherwise', (most, query) => {
  expect(defaultLimits(FORM, most)).toEqual({ maxQueryTokens: query, maxDocumentTokens: most - 4 });
});
