import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { KnownModel } from '../src/files/catalog.js';
import { Reranker, type VerifyOptions, verifyModel } from '../src/index.js';
import { temporary } from './helpers/fake-hub.js';
import { PAIRWISE_FIXTURES, tinyListwise, unpack } from './helpers/models.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = ['Bees collect nectar.', 'Honey keeps for years.', 'The train was late.'];
const LOAD = { gpu: 'cpu', threads: 1 } as const;

let together: number[];
let alone: number[];
beforeAll(async () => {
  const reranker = await Reranker.load(tinyListwise(), LOAD);
  const scored = async (list: string[]): Promise<number[]> => {
    const { results } = await reranker.rerank(QUERY, list);
    return results.sort((a, b) => a.index - b.index).map((result) => result.relevanceScore);
  };
  together = await scored(DOCUMENTS);
  alone = (await Promise.all(DOCUMENTS.map((document) => scored([document])))).flat();
  await reranker.dispose();
});

/** A catalogue that says what somebody published. */
function catalog(scores: number[], changes: Partial<KnownModel> = {}, separately = false): string {
  const runs = [{ precision: 'float32', source: 'somebody', tolerance: 0.001, scores, ...(separately ? { separately } : {}) }];
  const model = {
    name: 'tiny-v3',
    files: { F16: { file: 'tiny-v3-F16.gguf' }, Q8_0: { file: 'tiny-v3-Q8_0.gguf' } },
    quantization: 'F16',
    licence: { id: 'none', commercial: true },
    supported: true,
    examples: [{ query: QUERY, documents: DOCUMENTS, runs }],
    ...changes,
  };
  const path = join(temporary(), 'catalog.json');
  writeFileSync(path, JSON.stringify({ models: [model] }));
  return path;
}

const verify = (file: string, path: string, options: VerifyOptions = {}) =>
  verifyModel(file, { ...LOAD, catalog: path, ...options });
const moved = (amounts: number[]): number[] => together.map((score, i) => score + (amounts[i] ?? 0));

describe('the published scores', () => {
  test('are reached: right', async () => {
    const result = await verify(tinyListwise(), catalog(together));
    expect(result).toMatchObject({ name: 'tiny-v3', quantization: 'F16', verdict: 'right', path: tinyListwise() });
    expect(result.examples).toEqual([
      expect.objectContaining({ query: QUERY, documents: DOCUMENTS, expected: together, got: together, largestDifference: 0 }),
    ]);
  });

  test('for each document alone', async () => {
    const result = await verify(tinyListwise(), catalog(alone, {}, true));
    expect(result).toMatchObject({ verdict: 'right', examples: [{ separately: true }] });
    expect(await verify(tinyListwise(), catalog(together, {}, true))).toMatchObject({ verdict: 'wrong' });
  });

  test('are nearly reached by a quantized file: close', async () => {
    const span = Math.max(...together) - Math.min(...together);
    const path = catalog(moved([span / 10, span / 10, span / 10]));
    expect(await verify(tinyListwise('Q8_0'), path)).toMatchObject({ verdict: 'close', quantization: 'Q8_0' });
    expect(await verify(tinyListwise('F16'), path)).toMatchObject({ verdict: 'wrong' });
  });

  test.each([
    ['in another order', () => [...together].reverse()],
    ['far off', () => moved([1, 1, 1])],
  ])('are not reached: wrong, %s', async (_, scores) => {
    expect(await verify(tinyListwise('Q8_0'), catalog(scores()))).toMatchObject({ verdict: 'wrong' });
  });
});

test('nothing is published, nothing is compared or loaded', async () => {
  expect(await verify(tinyListwise(), catalog([], { examples: [] }))).toMatchObject({ verdict: undefined, examples: [] });
});

test('which model a file is: by its name, by `as`, or not at all', async () => {
  await expect(verifyModel(tinyListwise(), LOAD)).rejects.toMatchObject({
    code: 'MODEL_UNKNOWN',
    message: expect.stringMatching(/cannot tell .* jina-reranker-v3, .*--as/),
  });
  const named = await verify(tinyListwise(), catalog(together, { files: { F16: { file: 'x.gguf' } } as never }), {
    as: 'Tiny-V3',
  });
  expect(named.verdict).toBe('right');
  await expect(verify(tinyListwise(), catalog(together), { as: 'other' })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
});

test('the starter model gives the scores in the catalogue', async () => {
  expect(await verifyModel('all-MiniLM-L6-v2', LOAD)).toMatchObject({ verdict: 'right', quantization: 'Q8_0' });
});

test('logits are compared where logits were published', async () => {
  const model = unpack(join(PAIRWISE_FIXTURES, 'bge-m3/bge-m3-F16.gguf.gz'), 'pairwise');
  const reranker = await Reranker.load(model, LOAD);
  const { results } = await reranker.rerank(QUERY, DOCUMENTS);
  await reranker.dispose();
  const logits = results.sort((a, b) => a.index - b.index).map(({ logit }) => logit as number);
  const known = { files: { F16: { file: 'bge-m3-F16.gguf' } } };
  expect(await verify(model, catalog(logits, { ...known, score: 'logit' }))).toMatchObject({ verdict: 'right' });
  expect(await verify(model, catalog(logits, { ...known, score: 'probability' }))).toMatchObject({ verdict: 'wrong' });
});
