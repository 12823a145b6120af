import { expect, test } from 'vitest';
import { agreement, barOf, changeOf, ranksOf, scaleOf } from '../../../src/server/page/compare.js';

const list = (...indices: number[]) => indices.map((index, i) => ({ index, relevance_score: 1 - i / 10 }));

test('ranks count from 1', () => {
  expect([...ranksOf(list(4, 0, 2))]).toEqual([
    [4, 1],
    [0, 2],
    [2, 3],
  ]);
});

test.each([
  [1, 4, { kind: 'up', places: 3, before: 4 }],
  [4, 1, { kind: 'down', places: 3, before: 1 }],
  [2, 2, { kind: 'same', places: 0, before: 2 }],
  [2, undefined, { kind: 'absent', places: 0, before: 0 }],
])('from %2$j to %1$j', (rank, before, change) => expect(changeOf(rank, before)).toEqual(change));

test('two lists share what is among the first of both', () => {
  expect(agreement(list(1, 2, 3, 4), list(2, 1, 5, 3), 3)).toEqual({ first: 3, shared: 2 });
  expect(agreement(list(1, 2), list(2, 1, 5), 10)).toEqual({ first: 2, shared: 2 });
  expect(agreement([], [], 10)).toEqual({ first: 0, shared: 0 });
});

test('bars begin at 0; a negative cosine opens the left half', () => {
  const negative = [{ index: 0, relevance_score: -0.5 }];
  expect(scaleOf('cosine', negative)).toEqual({ least: -1, most: 1 });
  expect(scaleOf('cosine', list(1))).toEqual({ least: 0, most: 1 });
  expect(scaleOf('probability', negative)).toEqual({ least: 0, most: 1 });
  expect(barOf(0.25, { least: 0, most: 1 })).toEqual({ start: 0, size: 25 });
  expect(barOf(0.5, { least: -1, most: 1 })).toEqual({ start: 50, size: 25 });
  expect(barOf(-0.5, { least: -1, most: 1 })).toEqual({ start: 25, size: 25 });
  expect(barOf(1.0000001, { least: 0, most: 1 })).toEqual({ start: 0, size: 100 });
});
