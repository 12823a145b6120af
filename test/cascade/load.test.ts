import { expect, test } from 'vitest';
import { loadStages } from '../../src/cascade/load.js';
import { Reranker } from '../../src/index.js';
import { type FakeRanker, fakeRanker } from '../helpers/fake-ranker.js';
import { rejection } from '../helpers/reranker.js';

test('loads one after the other, in order', async () => {
  const order: string[] = [];
  const load = async (name: string) => {
    order.push(`begin ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push(`end ${name}`);
    return fakeRanker({ model: { name } });
  };
  const made = await loadStages(['a', 'b'], load, (stages) => stages.at(-1) as FakeRanker);
  expect(order).toEqual(['begin a', 'end a', 'begin b', 'end b']);
  expect(made.model.name).toBe('b');
});

test.each(['load', 'make'])('what was loaded is freed if another one cannot be, or the cascade not: %s', async (at) => {
  const reason = new Error('on purpose');
  const loaded: FakeRanker[] = [];
  const load = async (name: string) => {
    if (at === 'load' && name === 'c') throw reason;
    loaded.push(fakeRanker());
    return loaded.at(-1) as FakeRanker;
  };
  const make = () => {
    throw reason;
  };
  expect(await rejection(loadStages(['a', 'b', 'c'], load, make))).toBe(reason);
  expect(loaded.map(({ disposed }) => disposed)).toEqual(at === 'load' ? [1, 1] : [1, 1, 1]);
});

test.each([['starter'], [['starter']], [undefined]])(
  'what names no cascade is said before anything is loaded: %j',
  async (models) => {
    expect(await rejection(Reranker.loadCascade(models as never))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('models: expected two models or more'),
    });
  },
);
