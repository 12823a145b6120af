import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectModel } from '../src/index.js';
import { putTogether, takeApart, value, withEntries } from './helpers/gguf-pieces.mjs';
import { PAIRWISE_FIXTURES, STARTER, tinyListwise, unpack } from './helpers/models.js';

const TINY = tinyListwise();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a model that can be loaded', async () => {
  const report = await inspectModel(TINY);
  expect(report).toMatchObject({
    family: 'listwise',
    head: join(dirname(TINY), 'projector.safetensors'),
    quantization: 'F16',
    shape: { layers: 4, width: 64, contextSize: 131_072 },
    problems: [],
    remarks: [],
    parameters: 472_128,
  });
  expect(await inspectModel(STARTER)).toMatchObject({
    family: 'similarity',
    head: undefined,
    quantization: 'Q8_0',
    problems: [],
  });
});

test('what stands before the texts of an embedding model', async () => {
  const path = join(folder, 'e5-small-v2.gguf');
  copyFileSync(STARTER, path);
  expect((await inspectModel(path)).prefixes).toEqual({ query: 'query: ', document: 'passage: ' });
  expect((await inspectModel(STARTER)).prefixes).toBeUndefined();
});

test('memory grows with the documents, up to the largest prompt', async () => {
  const [few, many, most] = await Promise.all(
    [10, 100, 1000].map(async (documents) => (await inspectModel(TINY, { documents })).memory),
  );
  expect(few).toMatchObject({ documents: 10, tokensPerDocument: 256, prompts: 1, weights: 946_432 });
  expect(many?.cache).toBeGreaterThan(8 * (few?.cache ?? 0));
  expect(most?.prompts).toBe(8);
  expect(most?.total).toBeLessThan(2 * (many?.total ?? 0));
  expect((await inspectModel(STARTER)).memory).toMatchObject({ cache: 0, weights: 24_645_744 });
});

test('a causal model that reads each document by itself keeps one batch, whatever the number of documents', async () => {
  const path = unpack(join(PAIRWISE_FIXTURES, 'qwen3-reranker/qwen3-reranker-Q8_0.gguf.gz'), 'pairwise');
  const [few, many] = await Promise.all([10, 1000].map((documents) => inspectModel(path, { documents })));
  expect(few).toMatchObject({ family: 'pairwise', head: undefined, corrections: [] });
  expect(few?.memory?.cache).toBeGreaterThan(0);
  expect(many?.memory?.cache).toBe(few?.memory?.cache);
});

test('what is corrected', async () => {
  const path = unpack(join(PAIRWISE_FIXTURES, 'minilm-ce/minilm-ce-F16.gguf.gz'), 'pairwise');
  const report = await inspectModel(path, { head: join(PAIRWISE_FIXTURES, 'minilm-ce/minilm-ce-head.safetensors') });
  expect(report).toMatchObject({ family: 'pairwise', corrections: ['token types', 'exact GELU'], memory: { cache: 0 } });
});

test('everything that is wrong, and still what is in it', async () => {
  const path = join(folder, 'bad.gguf');
  const bad = withEntries(takeApart(readFileSync(TINY)), {
    'qwen3.rope.freq_base': value.f32(Number.NaN),
    'tokenizer.ggml.merges': undefined,
    'qwen3.expert_count': value.u32(8),
  });
  writeFileSync(path, putTogether(bad));
  truncateSync(path, 500_000);
  const report = await inspectModel(path);
  expect(report.problems.map(({ code }) => code)).toEqual([
    'MODEL_TRUNCATED',
    'MODEL_BAD_HPARAM',
    'MODEL_BAD_HPARAM',
    'MODEL_BAD_VOCAB',
  ]);
  expect(report).toMatchObject({ family: undefined, memory: undefined, shape: undefined, quantization: 'F16' });
  expect(report.metadata.get('general.architecture')).toBe('qwen3');
});

test('a model without what it needs to score, and one with rubbish at its end', async () => {
  const path = join(folder, 'alone.gguf');
  writeFileSync(path, Buffer.concat([readFileSync(TINY), Buffer.alloc(9000)]));
  const report = await inspectModel(path);
  expect(report.problems).toEqual([{ code: 'MODEL_NOT_A_RERANKER', message: expect.stringContaining('projector.safetensors') }]);
  expect(report.remarks).toEqual(['9000 bytes at the end belong to nothing']);
  expect(report.shape).toBeDefined();
  const head = join(dirname(TINY), 'projector.safetensors');
  expect(await inspectModel(path, { head })).toMatchObject({ family: 'listwise', head, problems: [] });
});

test('a file that has no header is an error', async () => {
  const path = join(folder, 'page.gguf');
  writeFileSync(path, '<html>');
  await expect(inspectModel(path)).rejects.toMatchObject({ code: 'MODEL_BAD_MAGIC' });
});
