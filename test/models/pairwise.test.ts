import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ModelOptions } from '../../scripts/model/make.mjs';
import { readSafetensors } from '../../src/files/safetensors.js';
import { type LoadOptions, Reranker } from '../../src/index.js';
import { change, choose, makeTiny, temporaryFolder, withTensor } from '../helpers/choose.js';
import { counted, value, withEntries } from '../helpers/gguf-pieces.mjs';
import { PAIRWISE_FIXTURES, unpack } from '../helpers/models.js';
import { scores } from '../helpers/reranker.js';
import { type PlainTensor, safetensors } from '../helpers/safetensors.js';

const temporary = temporaryFolder();
const make = (options: Partial<ModelOptions>, name?: string) => makeTiny(temporary(), options, name);

/** Its tensors do not tell which kind of ModernBERT it is, its name does. */
const makeGte = () => make({ kind: 'modern-bert' }, 'gte-reranker-modernbert-base.gguf');

const load = (path: string, options: LoadOptions = {}) => Reranker.load(path, { gpu: 'cpu', threads: 1, ...options });

const filled = (...shape: number[]): PlainTensor => ({ shape, values: new Array(shape.reduce((a, b) => a * b, 1)).fill(0.1) });

/** A head of the right shapes, beside a model or elsewhere. */
function writeHead(path: string, width: number): string {
  const tensors = {
    'bert.pooler.dense.weight': filled(width, width),
    'bert.pooler.dense.bias': filled(width),
    'classifier.weight': filled(1, width),
    'classifier.bias': filled(1),
  };
  writeFileSync(path, safetensors(tensors));
  return path;
}

const fixture = (kind: string, name: string) => ({
  model: unpack(join(PAIRWISE_FIXTURES, kind, `${name}-F16.gguf.gz`), 'pairwise'),
  head: join(PAIRWISE_FIXTURES, kind, `${name}-head.safetensors`),
});
const JINA = fixture('jina-v1', 'jina-v1-small');
const MINILM = fixture('minilm-ce', 'minilm-ce');

describe('what llama.cpp has to be corrected in', () => {
  test('jina-reranker-v1: slopes of the last heads, GELU', async () => {
    const { native, name, head } = await choose(JINA.model, { head: JINA.head });
    const slopeFactors = Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5);
    expect({ native, name, head }).toEqual({ native: { exactGelu: true, slopeFactors }, name: 'pairwise', head: JINA.head });
  });

  test('ms-marco-MiniLM: rows of the token types, GELU', async () => {
    const { native } = await choose(MINILM.model, { head: MINILM.head });
    expect(native).toEqual({ exactGelu: true, typeRows: expect.any(Float32Array) });
    expect(native.typeRows).toHaveLength(128);
    expect(native.typeRows?.every((x) => Number.isFinite(x) && Math.abs(x) < 2)).toBe(true);
    expect(new Set(native.typeRows).size).toBeGreaterThan(100);
  });

  test('bge-reranker: GELU; ModernBERT: nothing', async () => {
    const bge = await choose(await make({ kind: 'xlm-roberta' }));
    expect(bge).toMatchObject({ name: 'pairwise', head: undefined, native: { exactGelu: true } });
    expect(await choose(await makeGte())).toMatchObject({ name: 'pairwise', head: undefined, native: {} });
  });
});

test('a head beside the model is found', async () => {
  const path = await make({ kind: 'minilm-ce' });
  const head = writeHead(join(dirname(path), 'projector.safetensors'), 64);
  expect(await choose(path)).toMatchObject({ name: 'pairwise', head });
});

test.each([
  ['jina-reranker-v1', 'jina-bert-v2', /jinaai\/jina-reranker-v1-turbo-en/],
  ['ms-marco-MiniLM', 'minilm-ce', /cross-encoder\/ms-marco-MiniLM/],
] as const)('F16: %s without its pooler is refused, and told where it is', async (_, kind, source) => {
  const refusal = { code: 'MODEL_NOT_A_RERANKER', message: expect.stringMatching(/pooler is missing.* model.safetensors/) };
  const path = await make({ kind });
  rmSync(join(dirname(path), 'projector.safetensors'));
  await expect(choose(path)).rejects.toMatchObject(refusal);
  await expect(choose(path)).rejects.toMatchObject({ message: expect.stringMatching(source) });
});

test('a jina-bert-v2 model without classifier becomes a cross-encoder by its head alone', async () => {
  const path = await make({ kind: 'jina-bert-v2', noHead: true });
  expect(await choose(path, { head: writeHead(join(temporary(), 'j.safetensors'), 96) })).toMatchObject({ name: 'pairwise' });
  writeHead(join(dirname(path), 'projector.safetensors'), 96);
  expect(await choose(path)).toMatchObject({ name: 'pairwise' });
  // An embedding model in a folder with another model's head.
  change(path, (pieces) => withEntries(pieces, { 'jina-bert-v2.pooling_type': value.u32(1) }));
  expect((await choose(path).catch(() => undefined))?.name).not.toBe('pairwise');
});

test('a head of another width is PROJECTOR_MISMATCH', async () => {
  const head = writeHead(join(temporary(), 'wide.safetensors'), 32);
  await expect(choose(JINA.model, { head })).rejects.toMatchObject({ code: 'PROJECTOR_MISMATCH' });
});

test.each([
  ['jina-reranker-v1', JINA, 96],
  ['ms-marco-MiniLM', MINILM, 64],
])('%s with the head of another model of its width is PROJECTOR_MISMATCH', async (_, { model }, width) => {
  const head = writeHead(join(temporary(), 'other.safetensors'), width);
  const message = expect.stringMatching(/the head of another model/);
  await expect(load(model, { head })).rejects.toMatchObject({ code: 'PROJECTOR_MISMATCH', message });
});

test('the whole model.safetensors serves as head', async () => {
  const whole = join(temporary(), 'model.safetensors');
  const head = await readSafetensors(JINA.head);
  const plain = [...head].map(([name, { shape, values }]) => [name, { shape: [...shape], values: [...values] }] as const);
  writeFileSync(whole, safetensors({ 'bert.embeddings.x': filled(100, 96), ...Object.fromEntries(plain) }));
  const reranker = await load(JINA.model, { head: whole });
  expect(reranker.model).toMatchObject({ family: 'pairwise', scoreKind: 'probability', head: whole, maxQueryTokens: 512 });
  expect(await reranker.countTokens(['ABC', ''])).toEqual([expect.any(Number), 0]);
  await reranker.dispose();
});

test.each([
  ['a head for a model that has its own', { kind: 'xlm-roberta' }, {}, 'h.safetensors', 'INVALID_ARGUMENT', /takes none/],
  [
    'jina-reranker-v1 with another tokenizer',
    { kind: 'jina-bert-v2' },
    { 'tokenizer.ggml.pre': value.text('jina-v2-de') },
    'h.safetensors',
    'MODEL_BAD_VOCAB',
    /tokenizer.ggml.pre/,
  ],
  [
    'jina-reranker-v1 without <unk>',
    { kind: 'jina-bert-v2' },
    { 'tokenizer.ggml.unknown_token_id': undefined },
    'h.safetensors',
    'MODEL_BAD_VOCAB',
    /no token <unk>/,
  ],
] as [string, Partial<ModelOptions>, Record<string, Buffer | undefined>, string | undefined, string, RegExp][])(
  '%s is refused',
  async (name, options, entries, head, code, message) => {
    const path = await make(options);
    change(path, (pieces) => withEntries(pieces, entries));
    const file = head && writeHead(join(temporary(), head), name.startsWith('a head') ? 64 : 96);
    await expect(choose(path, { head: file })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  },
);

test('BERT with a dense layer that conversions leave out is refused', async () => {
  const path = await make({ kind: 'minilm-ce' });
  change(path, (pieces) => withTensor(pieces, 'cls.weight', [64, 64]));
  await expect(choose(path, { head: writeHead(join(temporary(), 'h.safetensors'), 64) })).rejects.toMatchObject({
    code: 'MODEL_NOT_A_RERANKER',
    message: expect.stringMatching(/DistilBERT/),
  });
});

test('F16: XLM-RoBERTa with several labels is refused', async () => {
  const path = await make({ kind: 'xlm-roberta' });
  const labels = ['contradiction', 'neutral', 'entailment'].map(counted);
  change(path, (pieces) => {
    const wide = withTensor(withTensor(pieces, 'cls.output.weight', [64, 3]), 'cls.output.bias', [3]);
    return withEntries(wide, { 'bert.classifier.output_labels': value.list(8, labels) });
  });
  await expect(choose(path)).rejects.toMatchObject({
    code: 'MODEL_NOT_A_RERANKER',
    message: expect.stringMatching(/m\.gguf: a bert cross-encoder with 3 outputs, expected 1/),
  });
});

test('F16: another ModernBERT is refused, since it may classify another state', async () => {
  await expect(choose(await make({ kind: 'modern-bert' }))).rejects.toMatchObject({
    code: 'MODEL_NOT_A_RERANKER',
    message: expect.stringMatching(/not gte-reranker by any of its names/),
  });
});

test('ModernBERT scores through what llama.cpp has', async () => {
  const reranker = await load(await makeGte());
  const response = await reranker.rerank('a query', ['one document', 'another', 'one document'], { overflow: 'chunk' });
  const [first, second, third] = scores(response);
  expect(first).toBe(third);
  expect(first).not.toBe(second);
  for (const { chunk } of response.results) expect(chunk).toEqual({ index: 0, count: 1 });
  await reranker.dispose();
});

test('chunk: a long document has the score of its best window', async () => {
  const reranker = await load(MINILM.model, { head: MINILM.head });
  const long = Array.from({ length: 400 }, (_, i) => ['bridge', 'river', 'stone', 'market', 'silver'][(i * 7) % 5]).join(' ');
  const chunked = await reranker.rerank('a bridge', [long], { overflow: 'chunk', maxDocumentTokens: 64 });
  const cut = await reranker.rerank('a bridge', [long], { maxDocumentTokens: 64 });
  const [best, first] = [chunked.results[0], cut.results[0]];
  expect(best?.chunk?.count).toBeGreaterThan(3);
  expect([best?.truncated, first?.truncated]).toEqual([false, true]);
  expect(best?.logit).toBeGreaterThanOrEqual((first?.logit as number) - 1e-4);
  expect([chunked.usage.overflow, cut.usage.overflow]).toEqual(['chunk', 'truncate']);
  await expect(reranker.rerank('a bridge', [long], { overflow: 'error', maxDocumentTokens: 64 })).rejects.toMatchObject({
    code: 'CONTEXT_OVERFLOW',
    message: expect.stringMatching(/documents\[0\] has \d+ tokens, and 64 fit/),
  });
  await reranker.dispose();
});
