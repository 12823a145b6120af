import { describe, expect, test } from 'vitest';
import { bootstrap, difference, kendallTau, type Measured, overlap } from '../../src/eval/index.js';

// Reference values: scipy 1.17.1, stats.bootstrap(method='percentile', n_resamples=1_000_000) and stats.kendalltau.
const A = [
  0.651, 0.482, 0.384, 0.614, 0.832, 0.274, 0.903, 0.791, 0.256, 0.552, 0.914, 0.27, 0.223, 0.57, 0.561, 0.365, 0.878, 0.152,
  0.77, 0.838, 0.821, 0.364, 0.498, 0.616, 0.288, 0.914, 0.714, 0.692, 0.581, 0.751, 0.105, 0.579, 0.945, 0.828, 0.509, 0.764,
  0.555, 0.521, 0.726, 0.375,
];
const B = [
  0.483, 0.501, 0.339, 0.4, 0.992, 0.32, 0.964, 0.728, 0.374, 0.521, 0.943, 0.154, 0.091, 0.82, 0.535, 0.459, 0.923, 0.136, 0.744,
  0.983, 0.826, 0.391, 0.551, 0.842, 0.44, 1.0, 0.679, 0.535, 0.773, 0.946, 0.134, 0.71, 1.0, 1.0, 0.697, 0.746, 0.832, 0.384,
  0.905, 0.499,
];

const measured = (values: number[]): Measured => ({
  queries: new Map(values.map((ndcg, i) => [`q${i}`, { ndcg }])),
  mean: {},
});

describe('bootstrap', () => {
  test.each([0, 1, 2 ** 31])('ends of the interval are those of scipy: seed %i', async (seed) => {
    const { value, low, high } = await bootstrap(A, { seed });
    expect(value).toBeCloseTo(0.58565, 10);
    expect(Math.abs(low - 0.513775)).toBeLessThan(0.003);
    expect(Math.abs(high - 0.655875)).toBeLessThan(0.003);
  });

  test('paired: queries of both runs, with their difference', async () => {
    const more = measured([...B, 1]);
    const found = await difference(more, measured(A), 'ndcg');
    expect(found).toMatchObject({ wins: 26, losses: 14, ties: 0 });
    expect(found.value).toBeCloseTo(0.04685, 10);
    expect(Math.abs(found.low - 0.0093)).toBeLessThan(0.002);
    expect(Math.abs(found.high - 0.083925)).toBeLessThan(0.002);
  });

  test('a seed gives the same interval, another one another', async () => {
    const [first, again, other] = await Promise.all([1, 1, 2].map((seed) => bootstrap(A, { seed, resamples: 500 })));
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('gives way, and hears an abort', async () => {
    await expect(bootstrap(A, { signal: AbortSignal.timeout(1), resamples: 1e6 })).rejects.toThrow(/timeout/);
  });

  test('no queries', async () => expect(await bootstrap([])).toEqual({ value: 0, low: 0, high: 0 }));
});

describe('agreement', () => {
  const ids = (numbers: number[]) => numbers.map(String);
  const a = ids([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  const b = ids([11, 7, 2, 10, 0, 1, 4, 6, 9, 5, 3, 8]);

  test('Kendall tau', () => {
    expect(kendallTau(a, b)).toBeCloseTo(-0.0606060606060606, 12);
    expect(kendallTau(b, a)).toBeCloseTo(-0.0606060606060606, 12);
    expect(kendallTau(a, a)).toBe(1);
    expect(kendallTau(a, [...a].reverse())).toBe(-1);
    expect(kendallTau([...a, 'x'], ['y', ...a])).toBe(1);
    expect(kendallTau(['a', 'b'], ['b', 'c'])).toBeUndefined();
  });

  test('overlap', () => {
    expect(overlap(a, b, 3)).toBe(1 / 3);
    expect(overlap(a, b, 12)).toBe(1);
    expect(overlap(a, ['0', '99'], 10)).toBe(0.5);
    expect(overlap(a, [], 10)).toBe(0);
  });
});
