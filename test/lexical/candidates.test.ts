import { expect, test } from 'vitest';
import { scoreCandidates } from '../../src/lexical/candidates.js';

const TEXTS = ['the cat sat', 'the dog sat with the dog', 'a bird', ''];
const score = async (query: string, texts = TEXTS) => [...(await scoreCandidates(query, texts))];

/** The formula by hand: 4 texts of 3, 6, 2 and 0 words, 2.75 on average. */
const bm25 = (df: number, tf: number, length: number) =>
  (Math.log(1 + (4 - df + 0.5) / (df + 0.5)) * tf * 2.2) / (tf + 1.2 * (0.3 + (0.7 * length) / 2.75));

test('is that of the formula, with the statistics of the list', async () => {
  const got = await score('dog');
  expect(got[1]).toBeCloseTo(bm25(1, 2, 6), 12);
  expect([got[0], got[2], got[3]]).toEqual([0, 0, 0]);
  const [first, second] = await score('cat sat');
  expect(first).toBeCloseTo(bm25(1, 1, 3) + bm25(2, 1, 3), 12);
  expect(second).toBeCloseTo(bm25(2, 1, 6), 12);
});

test('a word that the query has twice counts twice; words of no text count nothing', async () => {
  const once = await score('dog');
  expect(await score('dog dog fish')).toEqual(once.map((value) => value * 2));
  expect(await score('fish')).toEqual([0, 0, 0, 0]);
  expect(await score('dog', [])).toEqual([]);
});

test('of long texts the beginning counts', async () => {
  const long = 'word '.repeat(4000);
  expect(await score('needle', [`needle ${long}`, `${long} needle`])).toEqual([expect.any(Number), 0]);
  expect((await score('needle', [`needle ${long}`, `${long} needle`]))[0]).toBeGreaterThan(0);
});

test('can be aborted', async () => {
  const texts = new Array(3000).fill('some words of a text '.repeat(50));
  const controller = new AbortController();
  const running = scoreCandidates('words', texts, controller.signal);
  controller.abort('enough');
  await expect(running).rejects.toBe('enough');
});
