import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DenseLayer, NativeAddon, NativeModel } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { tinyListwise } from '../helpers/models.js';
import { fault, MODEL_OPTIONS } from '../helpers/native.js';

let addon: NativeAddon;
let model: NativeModel;
beforeAll(async () => {
  ({ addon } = await openLibrary('cpu'));
  model = new addon.Model(tinyListwise(), MODEL_OPTIONS, null);
  await model.load();
});
afterAll(() => model.close());

function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7) * 2);
}

function twoLayers(first: Float32Array, second: Float32Array): DenseLayer[] {
  return [{ weight: first, activation: 'relu' }, { weight: second }];
}

/** second * relu(first * x) in double precision. */
function reference(first: Float32Array, second: Float32Array, state: Float32Array): number[] {
  const times = (matrix: Float32Array, vector: number[]) =>
    Array.from({ length: matrix.length / vector.length }, (_, row) =>
      vector.reduce((sum, value, i) => sum + value * (matrix[row * vector.length + i] as number), 0),
    );
  return times(
    second,
    times(first, [...state]).map((value) => Math.max(0, value)),
  );
}

test.each([
  [1, 1, 1, 1],
  [3, 5, 2, 4],
  [7, 9, 8, 1],
  [8, 16, 24, 3],
  [65, 33, 129, 2],
  [257, 100, 31, 5],
])('width %i, hidden %i, output %i, %i rows', async (width, hidden, output, rows) => {
  const [first, second, states] = [numbers(hidden * width, 1), numbers(output * hidden, 2), numbers(rows * width, 3)];
  const projected = await new addon.Head(model, width, twoLayers(first, second)).apply(states);
  const expected = Array.from({ length: rows }, (_, row) =>
    reference(first, second, states.subarray(row * width, (row + 1) * width)),
  ).flat();
  expect(projected).toHaveLength(rows * output);
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of projected.entries())
    expect(Math.abs(value - (expected[i] as number))).toBeLessThanOrEqual(largest * 1e-5);
});

test('weights and states are copied at the call', async () => {
  const [first, second, states] = [numbers(12, 1), numbers(6, 2), numbers(4, 3)];
  const head = new addon.Head(model, 4, twoLayers(first, second));
  const expected = reference(first, second, states);
  const applying = head.apply(states);
  for (const array of [first, second, states]) array.fill(Number.NaN);
  for (const [i, value] of (await applying).entries()) expect(value).toBeCloseTo(expected[i] as number, 4);
  expect(await head.apply(new Float32Array())).toEqual(new Float32Array());
});

test.each([
  ['no width', 12, 6, 0],
  ['no first layer', 0, 6, 4],
  ['a first layer of another width', 12, 6, 5],
  ['no second layer', 12, 0, 4],
  ['a second layer of another width', 12, 7, 4],
])('%s is refused', async (_, first, second, width) => {
  const create = () => new addon.Head(model, width, twoLayers(numbers(first, 1), numbers(second, 2)));
  expect(await fault(create)).toMatchObject({ code: 'INTERNAL' });
});

test('states that are no rows, and things that are no model, are refused', async () => {
  const head = new addon.Head(model, 4, twoLayers(numbers(12, 1), numbers(6, 2)));
  expect(await fault(() => head.apply(numbers(5, 1)))).toMatchObject({ code: 'INTERNAL' });
  expect(await fault(() => new addon.Head({} as never, 4, twoLayers(numbers(12, 1), numbers(6, 2))))).toMatchObject({
    code: 'INTERNAL',
  });
});
