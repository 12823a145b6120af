import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.js';
import { expectSameClassifier, HEAD_TENSORS, readPoolerHead } from '../../src/pairwise/head.js';
import { PAIRWISE_FIXTURES } from '../helpers/models.js';
import { type PlainTensor, safetensors } from '../helpers/safetensors.js';

const tensor = (...shape: number[]): PlainTensor => ({
  shape,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1),
});
const HEAD = {
  'pooler.dense.weight': tensor(4, 4),
  'pooler.dense.bias': tensor(4),
  'classifier.weight': tensor(1, 4),
  'classifier.bias': tensor(1),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heads-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function head(tensors: Record<string, PlainTensor>, width = 4) {
  const path = join(folder, 'head.safetensors');
  writeFileSync(path, safetensors(tensors));
  return readPoolerHead(await readSafetensors(path, HEAD_TENSORS), width, path);
}

test('pooler and classifier, under the names of both kinds of files', async () => {
  const expected = { pooler: { weight: expect.any(Float32Array), bias: Float32Array.of(1, 2, 3, 4) } };
  expect(await head(HEAD)).toMatchObject(expected);
  const named = Object.entries(HEAD).map(([name, value]) => [name.startsWith('pooler') ? `bert.${name}` : name, value]);
  expect(await head(Object.fromEntries(named))).toEqual(await head(HEAD));
});

test('a whole model’s file: only the head is read of it', async () => {
  const all = { 'bert.embeddings.weight': tensor(50, 4), ...HEAD, 'bert.encoder.x': tensor(3) };
  expect(await head(all)).toEqual(await head(HEAD));
});

test('the head of the reference', async () => {
  const path = join(PAIRWISE_FIXTURES, 'jina-v1/jina-v1-small-head.safetensors');
  const { pooler, classifier } = readPoolerHead(await readSafetensors(path, HEAD_TENSORS), 96, path);
  expect([pooler.weight, pooler.bias, classifier.weight, classifier.bias].map(({ length }) => length)).toEqual([9216, 96, 96, 1]);
});

test.each([
  [
    'no pooler',
    { 'classifier.weight': tensor(1, 4), 'classifier.bias': tensor(1) },
    'PROJECTOR_CORRUPT',
    /no tensor pooler.dense.weight, pooler.dense.bias/,
  ],
  [
    'a projector of another family',
    { 'projector.0.weight': tensor(4, 4) },
    'PROJECTOR_CORRUPT',
    /model.safetensors of the original model/,
  ],
  ['another width', { ...HEAD, 'pooler.dense.weight': tensor(8, 8) }, 'PROJECTOR_MISMATCH', /shape \[8,8\], expected \[4,4\]/],
  ['three labels', { ...HEAD, 'classifier.weight': tensor(3, 4) }, 'PROJECTOR_MISMATCH', /shape \[3,4\], expected \[1,4\]/],
] as [string, Record<string, PlainTensor>, string, RegExp][])('%s is refused', async (_, tensors, code, message) => {
  await expect(head(tensors)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('the classifier must be the one of the model’s file, but for rounding', async () => {
  const own = await head(HEAD);
  expectSameClassifier(own, Float32Array.of(1.01, 2, 2.98, 4.03), 'f');
  for (const other of [Float32Array.of(1, 2, 3, -4), Float32Array.of(1, 2, 3), Float32Array.of(2, 4, 6, 8)]) {
    expect(() => expectSameClassifier(own, other, 'f')).toThrow(expect.objectContaining({ code: 'PROJECTOR_MISMATCH' }));
  }
});
