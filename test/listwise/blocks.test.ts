import { describe, expect, test } from 'vitest';
import { evenLimit, splitBlocks } from '../../src/listwise/blocks.js';

const equal = (count: number, tokens: number) => new Array<number>(count).fill(tokens);
const sizes = (blocks: number[][]) => blocks.map((block) => block.length);

describe('splitBlocks', () => {
  const limits = { contextSize: 1000, blockSize: 125, maxDocumentTokens: 100 };

  test.each([
    ['nothing', [], 0, limits, []],
    ['one document', [5], 0, limits, [1]],
    ['room left is one token more than the longest document', equal(10, 100).with(8, 99), 0, limits, [10]],
    ['room left is exactly one longest document: the block is closed', equal(10, 100), 0, limits, [9, 1]],
    ['the query counts twice', equal(10, 100), 50, limits, [8, 2]],
    ['a query of one token leaves one too few', equal(10, 100).with(8, 98), 1, limits, [9, 1]],
    ['a query of one token leaves just enough', equal(10, 100).with(8, 97), 1, limits, [10]],
    ['a document alone exceeds the room', [100, 100], 460, limits, [1, 1]],
    ['the query alone exceeds it: one document each', [1, 1, 1], 600, limits, [1, 1, 1]],
    ['a block is full', equal(251, 1), 0, limits, [125, 125, 1]],
    ['exactly one full block', equal(125, 1), 0, limits, [125]],
    ['block size 1', equal(3, 1), 0, { ...limits, blockSize: 1 }, [1, 1, 1]],
    ['empty documents', equal(130, 0), 0, limits, [125, 5]],
    ['both limits at once', equal(10, 100), 0, { ...limits, blockSize: 9 }, [9, 1]],
  ])('%s', (_, tokens, query, limit, expected) => {
    const blocks = splitBlocks(tokens, query, limit);
    expect(sizes(blocks)).toEqual(expected);
    expect(blocks.flat()).toEqual([...tokens.keys()]);
  });
});

/** Numbers that are the same in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe('evenLimit', () => {
  const kept = (tokens: readonly number[], limit: number) => tokens.reduce((sum, n) => sum + Math.min(n, limit), 0);

  test.each([
    ['the longest alone', [10, 20, 90], 40, 50],
    ['the longest two evenly', [10, 50, 60], 30, 40],
    ['all', [10, 10, 10], 9, 7],
    ['more than whole tokens: rounded down', [10, 10, 10], 10, 6],
    ['no excess', [3, 8], 0, 8],
    ['everything', [5, 5], 10, 0],
    ['more than there is', [5, 5], 20, -5],
  ])('%s', (_, tokens, excess, expected) => {
    expect(evenLimit(tokens, excess)).toBe(expected);
  });

  test('is the largest limit that loses the excess', () => {
    const random = sequence(1);
    for (let round = 0; round < 500; round++) {
      const tokens = Array.from({ length: 1 + random(30) }, () => random(random(2) ? 50 : 3000));
      const total = kept(tokens, Number.POSITIVE_INFINITY);
      const excess = random(total + 1);
      const limit = evenLimit(tokens, excess);
      expect(kept(tokens, limit)).toBeLessThanOrEqual(total - excess);
      if (limit < Math.max(...tokens)) expect(kept(tokens, limit + 1)).toBeGreaterThan(total - excess);
    }
  });
});
