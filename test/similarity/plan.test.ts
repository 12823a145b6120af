import { expect, test } from 'vitest';
import { packBatches } from '../../src/batches.js';
import { readRequest } from '../../src/options.js';
import { similarity } from '../../src/similarity/family.js';
import { fakeTokenizer } from '../helpers/fake-tokenizer.js';

test.each([
  ['nothing', [], 10, []],
  ['what fits together', [3, 3, 4], 10, [[0, 1, 2]]],
  ['one token too many', [3, 4, 4], 10, [[0, 1], [2]]],
  ['shortest first, so that similar lengths meet', [9, 1, 8, 2], 10, [[1, 3], [2], [0]]],
  ['equal lengths in the order of the input', [5, 5, 5], 10, [[0, 1], [2]]],
  ['a longer sequence has a batch of its own', [20, 1, 30], 10, [[1], [0], [2]]],
])('packBatches: %s', (_, lengths, batchTokens, expected) => {
  expect(packBatches(lengths, batchTokens)).toEqual(expected);
});

test('packBatches: at most 64 sequences, each once', () => {
  const batches = packBatches(new Array(130).fill(1), 1e6);
  expect(batches.map((batch) => batch.length)).toEqual([64, 64, 2]);
  expect(batches.flat().sort((a, b) => a - b)).toEqual([...new Array(130).keys()]);
});

const family = similarity({ prefix: [1], suffix: [2, 3], maxTokens: 8, batchTokens: 16 });
const planned = (query: string, documents: string[], options = {}) =>
  family.plan(readRequest(query, documents, options, family).request, fakeTokenizer(), family.contextSize);
const codes = (text: string) => [...text].map((character) => character.codePointAt(0) as number);

test('texts become sequences of their own, the query last, cut to what the model takes', async () => {
  const plan = await planned('question', ['abcde', 'abcdef', '']);
  expect(plan).toMatchObject({ queryTokens: 5, queryTruncated: true, truncated: [false, true, false], overflow: 'none' });
  expect(plan.documents.flat().sort()).toEqual([0, 1, 2, 3]);
  expect(plan.documents).toEqual([
    [2, 0],
    [1, 3],
  ]);
  expect(plan.jobs.map((job) => [...job.lengths])).toEqual([
    [3, 8],
    [8, 8],
  ]);
  expect([...(plan.jobs[0]?.tokens ?? [])]).toEqual([1, 2, 3, 1, ...codes('abcde'), 2, 3]);
  expect([...(plan.jobs[1]?.tokens ?? [])]).toEqual([1, ...codes('abcde'), 2, 3, 1, ...codes('quest'), 2, 3]);
});

test('T11, T12: the call’s own limits apply, the model’s remain', async () => {
  const plan = await planned('abc', ['abc', 'abcdefgh'], { maxQueryTokens: 2, maxDocumentTokens: 1000 });
  expect(plan).toMatchObject({ queryTokens: 2, queryTruncated: true, truncated: [false, true] });
  expect(Math.max(...plan.jobs.flatMap((job) => [...job.lengths]))).toBe(8);
});

test('scores are cosines with the query, in the order of the input, whatever the batches', async () => {
  const plan = await planned('q', ['abcde', 'xyz', '']);
  const vectors = [
    [1, 0],
    [0, 2],
    [3, 4],
    [1, 0],
  ];
  const states = plan.documents.map((batch) => Float32Array.from(batch.flatMap((i) => vectors[i] as number[])));
  const { scores, embeddings } = await family.score(plan, states);
  expect([...scores]).toEqual([1, 0, 0.6]);
  expect(embeddings?.map((row) => [...row])).toEqual(vectors.slice(0, 3));
});

test('T15: equal texts share a state, so that they tie whatever their batches', async () => {
  const plan = await planned('q', ['abcde', 'abcde', 'abcdefgh', 'abcde']);
  expect(plan.jobs.length).toBeGreaterThan(1);
  let bits = 0;
  const states = plan.documents.map((batch) => Float32Array.from(batch.flatMap(() => [1, ++bits / 1000])));
  const { scores } = await family.score(plan, states);
  expect(new Set(scores).size).toBe(1);
});
