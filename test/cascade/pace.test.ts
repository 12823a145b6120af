import { expect, test } from 'vitest';
import { estimate, fitting, Pace, tokensOf } from '../../src/cascade/pace.js';
import { emptyUsage } from '../../src/usage.js';

const usage = (totalTokens: number, total: number, reusedTokens = 0, queue = 0) => ({
  ...emptyUsage(),
  totalTokens,
  reusedTokens,
  milliseconds: { ...emptyUsage().milliseconds, queue, total },
});

test('waiting and reused tokens do not count', () => {
  const pace = new Pace();
  expect(pace.millisecondsPerToken).toBeUndefined();
  pace.learn(usage(100, 50, 100));
  expect(pace.millisecondsPerToken).toBeUndefined();
  pace.learn(usage(300, 1200, 100, 1000));
  expect(pace.millisecondsPerToken).toBe(1);
});

test('later calls count more, large ones too', () => {
  const pace = new Pace();
  pace.learn(usage(100, 100));
  pace.learn(usage(100, 200));
  expect(pace.millisecondsPerToken).toBeCloseTo((0.7 * 100 + 200) / 170, 12);
  pace.learn(usage(1, 100));
  expect(pace.millisecondsPerToken).toBeLessThan(2.5);
});

test('a call that was stopped makes it slower, never faster', () => {
  const pace = new Pace();
  pace.learn(usage(100, 100));
  pace.learnStopped(100, 20);
  expect(pace.millisecondsPerToken).toBe(1);
  pace.learnStopped(100, 500);
  expect(pace.millisecondsPerToken).toBe(10);
});

test('how many documents fit, from where on', () => {
  const tokens = { call: 10, documents: [5, 20, 5, 5] };
  expect(fitting(tokens, 0, 2, 29)).toBe(0);
  expect(fitting(tokens, 0, 2, 30)).toBe(1);
  expect(fitting(tokens, 0, 2, 70)).toBe(2);
  expect(fitting(tokens, 2, 2, 40)).toBe(2);
  expect(fitting(tokens, 0, 2, 1e9)).toBe(4);
  expect(tokensOf(tokens, 1, 3)).toBe(35);
});

test('a query counts with each document, once, or twice a list', () => {
  const [pair, alone, list] = (['pairwise', 'similarity', 'listwise'] as const).map((family) =>
    estimate(family, [7, 3, 500], 100),
  );
  expect(pair?.documents[0]).toBe((alone?.documents[0] ?? 0) + 7);
  expect(alone?.call).toBe(7);
  expect((list?.call ?? 0) - (estimate('listwise', [0], 1).call ?? 0)).toBe(14);
  for (const each of [alone, list]) expect((each?.documents[1] ?? 0) - (each?.documents[0] ?? 0)).toBe(97);
});
