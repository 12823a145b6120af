import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.js';
import { readProjector, type Tensor } from '../../src/listwise/projector.js';
import { LISTWISE_FIXTURES } from '../helpers/models.js';

const matrix = (...shape: number[]): Tensor => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) });
const tensors = (entries: Record<string, Tensor>) => new Map(Object.entries(entries));

test.each([
  ['projector.0.weight', 'projector.2.weight'],
  ['linear1.weight', 'linear2.weight'],
])('finds the tensors %s and %s', (first, second) => {
  const file = tensors({ other: matrix(1), [second]: matrix(5, 3), [first]: matrix(3, 4) });
  expect(readProjector(file, 4, 'p')).toEqual({
    first: new Float32Array(12).fill(0.5),
    second: new Float32Array(15).fill(0.5),
    width: 4,
    hidden: 3,
    output: 5,
  });
});

test.each([
  ['no tensors', {}, /found none/],
  ['other names', { a: matrix(3, 4), b: matrix(5, 3) }, /found a, b/],
  [
    'one of them missing',
    { 'projector.0.weight': matrix(3, 4) },
    /expected the tensors projector\.0\.weight and projector\.2\.weight/,
  ],
  ['names of both forms mixed', { 'projector.0.weight': matrix(3, 4), 'linear2.weight': matrix(5, 3) }, /expected the tensors/],
  [
    'matrices that do not fit each other',
    { 'linear1.weight': matrix(3, 4), 'linear2.weight': matrix(5, 2) },
    /\[3,4\] and \[5,2\]/,
  ],
  ['a vector', { 'linear1.weight': matrix(12), 'linear2.weight': matrix(5, 3) }, /\[12\]/],
  ['three dimensions', { 'linear1.weight': matrix(3, 4), 'linear2.weight': matrix(5, 3, 1) }, /\[5,3,1\]/],
  ['no rows', { 'linear1.weight': matrix(0, 4), 'linear2.weight': matrix(5, 0) }, /\[0,4\]/],
])('F19: %s', (_, entries, message) => {
  const expected = { code: 'PROJECTOR_CORRUPT', message: expect.stringMatching(message) };
  expect(() => readProjector(tensors(entries as Record<string, Tensor>), 4, 'p')).toThrow(expect.objectContaining(expected));
});

test('F20: the projector of a model of another width', () => {
  const file = tensors({ 'linear1.weight': matrix(3, 8), 'linear2.weight': matrix(5, 3) });
  const expected = { code: 'PROJECTOR_MISMATCH', message: expect.stringMatching(/states of 8 numbers, the model gives 4/) };
  expect(() => readProjector(file, 4, 'p')).toThrow(expect.objectContaining(expected));
});

test.each(readdirSync(join(LISTWISE_FIXTURES, 'models')))('%s: all its projector files hold the same numbers', async (model) => {
  const folder = join(LISTWISE_FIXTURES, 'models', model);
  const files = readdirSync(folder).filter((file) => file.endsWith('.safetensors'));
  const read = async (file: string) => readProjector(await readSafetensors(join(folder, file)), 64, file);
  const [first, ...others] = await Promise.all(files.map(read));
  expect(others.length).toBeGreaterThan(0);
  for (const other of others) expect(other).toEqual(first);
});
