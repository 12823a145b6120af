import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tokenizer } from '../../src/family.js';
import { blend, lettersPerPiece, planLexical } from '../../src/similarity/blend.js';
import { openEngine } from '../helpers/engine.js';
import { STARTER } from '../helpers/models.js';

const mixed = (cosines: number[], bm25: number[], weight: number) => [
  ...blend(Float64Array.from(cosines), { weight, bm25: Float64Array.from(bm25) }),
];

describe('blend', () => {
  test('brings BM25 to the mean and the deviation of the cosines', () => {
    // Cosines: mean 0.4, deviation 0.2. BM25: mean 5, deviation 5.
    expect(mixed([0.2, 0.6], [10, 0], 1)).toEqual([expect.closeTo(0.6, 12), expect.closeTo(0.2, 12)]);
    expect(mixed([0.2, 0.6], [10, 0], 0.25)).toEqual([expect.closeTo(0.3, 12), expect.closeTo(0.5, 12)]);
  });

  test.each([
    ['no word matches', [0.2, 0.6], [0, 0]],
    ['a single document', [0.3], [7]],
    ['all match alike', [0.1, 0.2, 0.3], [0.1, 0.1, 0.1]],
  ])('%s: the cosines stay', (_, cosines, bm25) => expect(mixed(cosines, bm25, 1)).toEqual(cosines));

  test('equal cosines are told apart by BM25; their noise is not blown up', () => {
    const [first, second] = mixed([0.5, 0.5], [0, 3], 0.25) as [number, number];
    expect(second - first).toBeCloseTo(0.25 * 2 * 0.01, 12);
    const noisy = mixed([0.5, 0.500001], [3, 0], 0.25) as [number, number];
    expect(noisy[0]).toBeGreaterThan(noisy[1]);
  });

  test('a cosine that is no number stays one', () => {
    expect(mixed([Number.NaN, 0.5], [1, 0], 0.5)[0]).toBeNaN();
  });
});

describe('letters of a piece', () => {
  let tokenizer: Tokenizer;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const { engine } = await openEngine(STARTER);
    ({ tokenizer } = engine);
    close = () => engine.close();
  });
  afterAll(() => close());

  test.each([
    ['How do bees make honey from nectar?', 4, 6],
    ['Wie stellen Bienen aus Nektar Honig her?', 2, 3.3],
    ['как пчёлы делают мёд', 1, 1.3],
    ['ミツバチはどうやって蜂蜜を作る', 0.3, 1.2],
    ['ผึ้งทำน้ำผึ้งได้อย่างไร', 0, 0.5],
    ['unbelievable', 12, 12],
    ['?!', 3.5, 3.5],
  ])('%s', async (text, least, most) => {
    const letters = await lettersPerPiece(text, tokenizer);
    expect(letters).toBeGreaterThanOrEqual(least);
    expect(letters).toBeLessThanOrEqual(most);
  });

  const planned = (query: string, { texts = new Array<string>(100).fill('a'), least = 0.25, isEnglish = true } = {}) =>
    planLexical({ query, texts } as never, tokenizer, { weight: least, isEnglish }, undefined);
  const weight = async (...call: Parameters<typeof planned>) => (await planned(...call)).weight;

  test('the weight is the least one in English, and rises to 1 where the vocabulary knows no word', async () => {
    const english = await weight('How do bees make honey from nectar?');
    expect(english).toBeCloseTo(25 / (25 + 82.5), 12);
    expect(await weight('как пчёлы делают мёд')).toBe(1);
    expect(await weight('Wie stellen Bienen aus Nektar Honig her?')).toBeGreaterThan(0.4);
    expect(await weight('как пчёлы делают мёд', { isEnglish: false })).toBe(english);
  });

  test('it is less in short lists, unless BM25 alone was asked for', async () => {
    const list = (length: number, least: number) => weight('honey', { texts: new Array<string>(length).fill('a'), least });
    expect(await list(10, 0.25)).toBeCloseTo(1 / 7, 12);
    expect(await list(10_000, 0.25)).toBeCloseTo(0.25, 3);
    expect(await list(1, 1)).toBe(1);
  });

  test('of long texts the beginning counts', async () => {
    const long = 'word '.repeat(4000);
    const { bm25 } = await planned('needle', { texts: [`needle ${long}`, `${long} needle`] });
    expect([...bm25]).toEqual([expect.any(Number), 0]);
    expect(bm25[0]).toBeGreaterThan(0);
  });
});
