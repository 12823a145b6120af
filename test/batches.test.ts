import { expect, test } from 'vitest';
import { packSequences, rowsOf } from '../src/batches.js';

/** A sequence of that length, unlike all others of another number. */
const sequence = (length: number, number: number) => ({ tokens: new Int32Array(length).fill(number) });
const pack = (lengths: number[], batchTokens: number) => packSequences(lengths.map(sequence), batchTokens, 64);

test.each([
  ['nothing', [], 10, []],
  ['what fits together', [3, 3, 4], 10, [[0, 1, 2]]],
  ['one token too many', [3, 4, 4], 10, [[0, 1], [2]]],
  ['shortest first, so that similar lengths meet', [9, 1, 8, 2], 10, [[1, 3], [2], [0]]],
  ['equal lengths in the order of the input', [5, 5, 5], 10, [[0, 1], [2]]],
  ['a longer sequence has a batch of its own', [20, 1, 30], 10, [[1], [0], [2]]],
])('packSequences: %s', async (_, lengths, batchTokens, expected) => {
  const { members, jobs } = await pack(lengths, batchTokens);
  expect(members).toEqual(expected);
  expect(jobs.map((job) => [...job.lengths])).toEqual(expected.map((batch) => batch.map((i) => lengths[i])));
  expect(jobs.map((job) => [...job.tokens])).toEqual(
    expected.map((batch) => batch.flatMap((i) => new Array(lengths[i]).fill(i))),
  );
});

test('packSequences: at most so many sequences, each once', async () => {
  const { members } = await pack(new Array(130).fill(1), 1e6);
  expect(members.map((batch) => batch.length)).toEqual([64, 64, 2]);
  expect(members.flat()).toEqual([...new Array(130).keys()]);
});

test('packSequences: equal sequences are computed once', async () => {
  const tokens = [[1, 2], [3], [1, 2], [12], [3]].map((ids) => ({ tokens: Int32Array.from(ids) }));
  const { places, members, jobs } = await packSequences(tokens, 100, 64);
  expect(places).toEqual([0, 1, 0, 3, 1]);
  expect(members).toEqual([[1, 3, 0]]);
  expect([...(jobs[0]?.tokens ?? [])]).toEqual([3, 12, 1, 2]);
});

test('packSequences: token types go along, and tell sequences apart', async () => {
  const types = [
    [0, 1, 1],
    [0, 0, 1],
    [0, 1, 1],
  ].map((list) => ({
    tokens: Int32Array.of(7, 8, 9),
    types: Uint8Array.from(list),
  }));
  const { places, jobs } = await packSequences(types, 100, 64);
  expect(places).toEqual([0, 1, 0]);
  expect(jobs.map((job) => [...(job.types ?? [])])).toEqual([[0, 1, 1, 0, 0, 1]]);
  expect((await pack([3], 10)).jobs[0]).not.toHaveProperty('types');
});

test('rowsOf: the rows of each job belong to its members in order', () => {
  const rows = rowsOf([[2, 0], [1]], [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6)]);
  expect([...rows].map(([i, row]) => [i, [...row]])).toEqual([
    [2, [1, 2]],
    [0, [3, 4]],
    [1, [5, 6]],
  ]);
});
