import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { measure, readQrels, readRun } from '../../src/eval/index.js';
import { readJson } from '../helpers/reference.js';
import { reference } from '../setup/reference.js';

interface Expected {
  queries_evaluated: number;
  mean: Record<string, number>;
  per_query: Record<string, Record<string, number>>;
}

/** trec_eval's names for ours. */
const NAMES: Record<string, string> = {
  'ndcg@5': 'ndcg_cut_5',
  'ndcg@10': 'ndcg_cut_10',
  'ndcg@100': 'ndcg_cut_100',
  map: 'map',
  mrr: 'recip_rank',
  'recall@10': 'recall_10',
  'recall@100': 'recall_100',
  'p@10': 'P_10',
  'success@1': 'success_1',
  'success@10': 'success_10',
};

const fixtures = resolve(import.meta.dirname, '../fixtures/eval');
const shared = join(reference, 'data/metrics-reference');
const cases = [
  [fixtures, 'synthetic'],
  [shared, 'cranfield'],
  [shared, 'cisi'],
] as const;

describe.each(cases)('%s/%s', (folder, name) => {
  test.skipIf(!existsSync(join(folder, `${name}.json`)))('every value is that of trec_eval', async () => {
    const expected = readJson<Expected & { queries_evaluated?: number }>(join(folder, `${name}.json`));
    const qrels = await readQrels(join(folder, `${name}.qrels`));
    const run = await readRun(join(folder, `${name}.run`));
    const got = measure(qrels, run, Object.keys(NAMES));
    expect([...got.queries.keys()].sort()).toEqual(Object.keys(expected.per_query).sort());
    const off = (values: Record<string, number>, theirs: Record<string, number>) =>
      Object.entries(NAMES).map(([ours, name]) => Math.abs((values[ours] as number) - (theirs[name] as number)));
    expect(Math.max(...off(got.mean, expected.mean))).toBeLessThan(1e-6);
    for (const [query, values] of got.queries)
      expect(Math.max(...off(values, expected.per_query[query] as Record<string, number>)), query).toBeLessThan(1e-6);
  });
});

describe('cut-offs that the reference lacks', () => {
  const qrels = new Map([
    [
      'q',
      new Map([
        ['a', 1],
        ['b', 2],
        ['c', 0],
      ]),
    ],
  ]);
  const run = new Map([
    [
      'q',
      new Map([
        ['x', 5],
        ['c', 4],
        ['a', 3],
        ['b', 2],
      ]),
    ],
  ]);

  test.each([
    ['mrr@2', 0],
    ['mrr@3', 1 / 3],
    ['map@3', 1 / 6],
    ['p@4', 0.5],
    ['recall@3', 0.5],
    ['success@2', 0],
    ['ndcg', (1 / Math.log2(4) + 2 / Math.log2(5)) / (2 + 1 / Math.log2(3))],
  ])('%s', (name, value) => expect(measure(qrels, run, [name]).mean[name]).toBeCloseTo(value, 12));

  test.each(['recall', 'p', 'ndcg@0', 'NDCG@10', 'toString', 'ndcg@'])('%s is no metric', (name) => {
    expect(() => measure(qrels, run, [name])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

test('ids are compared as bytes, not as UTF-16', () => {
  // U+FFFD is EF BF BD, U+1F600 F0 9F 98 80; in UTF-16 the surrogate comes first.
  const qrels = new Map([['q', new Map([['\u{1F600}', 1]])]]);
  const run = new Map([
    [
      'q',
      new Map([
        ['\uFFFD', 1],
        ['\u{1F600}', 1],
      ]),
    ],
  ]);
  expect(measure(qrels, run, ['success@1']).mean['success@1']).toBe(1);
});
