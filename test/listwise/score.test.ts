import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.js';
import { type ProjectorWeights, readProjector } from '../../src/listwise/projector.js';
import { fuse } from '../../src/listwise/score.js';
import { cosine } from '../../src/vectors.js';
import { LISTWISE_FIXTURES } from '../helpers/models.js';
import { type ListwiseCase, readCases } from '../helpers/reference.js';

test.each([
  ['equal', [1, 2], [1, 2], 1],
  ['opposite', [1, 2], [-2, -4], -1],
  ['at a right angle', [1, 0], [0, 7], 0],
  ['at 60 degrees', [1, 0], [1, Math.sqrt(3)], 0.5],
  ['one of them zero', [0, 0], [1, 2], 0],
])('cosine of vectors that are %s', (_, a, b, expected) => {
  expect(cosine(a, b)).toBeCloseTo(expected, 12);
});

/** The projector in double precision, written from its formula. */
function project(state: readonly number[], { first, second, width, hidden, output }: ProjectorWeights): number[] {
  const multiply = (matrix: Float32Array, x: readonly number[], rows: number, columns: number) =>
    Array.from({ length: rows }, (_, r) => x.reduce((sum, value, c) => sum + value * (matrix[r * columns + c] as number), 0));
  const inner = multiply(first, state, hidden, width).map((value) => Math.max(value, 0));
  return multiply(second, inner, output, hidden);
}

const detailed = readCases<ListwiseCase>(join(LISTWISE_FIXTURES, 'cases')).flatMap((reference) =>
  Object.keys(reference.expected.hiddenStates ?? {}).map((kind) => [reference.name, kind, reference] as const),
);

test.each(detailed)('%s %s: states, projected and fused, give the reference’s scores', async (_, kind, { model, expected }) => {
  const file = join(LISTWISE_FIXTURES, 'models', model, 'projector.safetensors');
  const states = expected.hiddenStates?.[kind] as number[][][];
  const weights = readProjector(await readSafetensors(file), states[0]?.[0]?.length as number, file);
  const blocks = states.map((rows, b) => ({
    documents: expected.blocks[b]?.documents as number[],
    rows: Float32Array.from(rows.flatMap((state) => project(state, weights))),
  }));
  const { scores, embeddings } = fuse(blocks, expected.documentTokens.length, weights.output);
  const wanted = expected.scores?.[kind] as number[];
  expect(scores).toHaveLength(wanted.length);
  wanted.forEach((score, i) => {
    expect(Math.abs((scores[i] as number) - score)).toBeLessThanOrEqual(1e-5);
  });
  const projected = expected.documentEmbeddings?.[kind] as number[][];
  projected.forEach((embedding, i) => {
    expect(cosine(embeddings[i] as Float32Array, embedding)).toBeCloseTo(1, 8);
  });
});

test('the fused query is the mean of the blocks’ queries, weighted by their best documents, not normalised', () => {
  const blocks = [
    { documents: [0, 2], rows: Float32Array.of(1, 0, 0, 1, 2, 0) },
    { documents: [1], rows: Float32Array.of(0, -1, 0, 5) },
  ];
  // Best scores are 1 and -1, so the weights are 1 and 0, and only the first query is left.
  expect([...fuse(blocks, 3, 2).scores]).toEqual([1, 0, 0]);
  const halves = [
    { documents: [0], rows: Float32Array.of(1, 0, 3, 0) },
    { documents: [1], rows: Float32Array.of(1, 0, 0, 1) },
  ];
  // Weights 1 and 0.5 give (2, 1/3), up to its length.
  const { scores } = fuse(halves, 2, 2);
  expect(scores[0]).toBeCloseTo(2 / Math.hypot(2, 1 / 3), 12);
  expect(scores[1]).toBe(scores[0]);
});
