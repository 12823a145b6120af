import { expect, test } from 'vitest';
import { Bm25 } from '../../src/lexical/bm25.js';

const TEXTS = ['the cat sat', 'the dog sat with the dog', 'a bird', ''];
const score = async (query: string, texts = TEXTS) => [...(await Bm25.of(texts)).scores(query)];

/** The formula by hand: 4 texts of 3, 4, 2 and 0 different words, 2.25 on average. */
const bm25 = (df: number, tf: number, length: number) =>
  (Math.log(1 + (4 - df + 0.5) / (df + 0.5)) * tf * 2.2) / (tf + 1.2 * (0.3 + (0.7 * length) / 2.25));

test('is that of the formula, with the statistics of the list', async () => {
  const got = await score('dog');
  expect(got[1]).toBeCloseTo(bm25(1, 2, 4), 12);
  expect([got[0], got[2], got[3]]).toEqual([0, 0, 0]);
  const [first, second] = await score('cat sat');
  expect(first).toBeCloseTo(bm25(1, 1, 3) + bm25(2, 1, 3), 12);
  expect(second).toBeCloseTo(bm25(2, 1, 4), 12);
});

test('a word that the query has twice counts twice; words of no text count nothing', async () => {
  const once = await score('dog');
  expect(await score('dog dog fish')).toEqual(once.map((value) => value * 2));
  expect(await score('fish')).toEqual([0, 0, 0, 0]);
  expect(await score('dog', [])).toEqual([]);
});

test('found texts come best first, equal ones in the order of the list', async () => {
  const hits = (await Bm25.of(['one fish', 'two fish fish', 'red', 'one fish'])).search('fish');
  expect(hits.map(({ index }) => index)).toEqual([1, 0, 3]);
  expect(hits[1]?.score).toBe(hits[2]?.score);
});

test('can be aborted', async () => {
  const texts = new Array(3000).fill('some words of a text '.repeat(50));
  const controller = new AbortController();
  const running = Bm25.of(texts, controller.signal);
  controller.abort('enough');
  await expect(running).rejects.toBe('enough');
});
