import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Kind, makeModel } from '../../scripts/model/make.mjs';
import { findKnown, type KnownModel, readCatalog } from '../../src/files/catalog.js';
import { checkModel } from '../../src/files/check/check.js';
import { openModelFile } from '../../src/files/model-file.js';
import type { Candidate, EmbedderOptions } from '../../src/models/candidate.js';
import { chooseFamily } from '../../src/models/choose.js';
import { embedderSettings } from '../../src/models/embedder.js';
import { surroundings } from '../../src/models/surroundings.js';
import { findEmbedder } from '../../src/similarity/embedders.js';
import { putTogether, takeApart, value, withEntries } from '../helpers/gguf-pieces.mjs';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedders-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Made {
  kind?: Kind;
  name?: string;
  entries?: Record<string, Buffer | undefined>;
  known?: KnownModel | undefined;
  options?: EmbedderOptions;
}

/** A tiny model whose metadata were changed, as the family is chosen from it. */
async function candidate({ kind = 'bert', name = 'm.gguf', entries = {}, known, options }: Made): Promise<Candidate> {
  const output = join(mkdtempSync(join(folder, 'a-')), 'made.gguf');
  await makeModel({ output, tiny: true, kind, noHead: true });
  const path = join(dirname(output), name);
  renameSync(output, path);
  writeFileSync(path, putTogether(withEntries(takeApart(readFileSync(path)), entries)));
  const file = await openModelFile(path);
  const model = await checkModel(file);
  await file.close();
  return { model, file, head: undefined, known, options };
}

const settings = async (made: Made) => embedderSettings(await candidate(made));
const without = { 'bert.pooling_type': undefined };

describe('pooling', () => {
  test.each([
    ['the file says mean', {}, 'mean'],
    ['the file says cls', { entries: { 'bert.pooling_type': value.u32(2) } }, 'first'],
    ['the caller says it', { entries: without, options: { pooling: 'cls' } }, 'first'],
    ['the caller says otherwise than the file', { options: { pooling: 'cls' } }, 'first'],
    ['the name says it, for files that do not', { entries: without, name: 'bge-small-en-v1.5-q4_k_m.gguf' }, 'first'],
    ['the file is believed rather than its name', { name: 'bge-small-en-v1.5-q4_k_m.gguf' }, 'mean'],
    ['0 is nothing said', { entries: { 'bert.pooling_type': value.u32(0) }, name: 'e5-small-v2.gguf' }, 'mean'],
    ['a causal model', { kind: 'qwen3-reranker', entries: { 'qwen3.pooling_type': value.u32(3) } }, 'last'],
  ] as [string, Made, string][])('%s', async (_, made, states) => {
    expect((await settings(made)).states).toBe(states);
  });

  test.each([
    ['nobody says it', { entries: without }, 'MODEL_NOT_A_RERANKER', /bert.pooling_type is absent.*pass pooling \(--pooling\)/],
    ['none', { entries: { 'bert.pooling_type': value.u32(0) } }, 'MODEL_NOT_A_RERANKER', /pooling_type is 0 \(none\)/],
    ['rank', { entries: { 'bert.pooling_type': value.u32(4) } }, 'MODEL_NOT_A_RERANKER', /pooling_type is 4 \(rank\)/],
    ['last of an encoder', { options: { pooling: 'last' } }, 'INVALID_ARGUMENT', /^options.pooling: expected mean or cls/],
    [
      'mean of a causal model',
      { kind: 'qwen3-reranker', entries: { 'qwen3.pooling_type': value.u32(1) } },
      'MODEL_NOT_A_RERANKER',
      /qwen3.pooling_type: expected last in a qwen3 model, got mean/,
    ],
  ] as [string, Made, string, RegExp][])('%s: refused', async (_, made, code, message) => {
    await expect(settings(made)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('prefixes', () => {
  const own = {
    'llama-rerank.query_prefix': value.text('Q: '),
    'llama-rerank.document_prefix': value.text('D: '),
  };

  test('none, of a model that nothing is known of', async () => {
    expect((await settings({})).prefixes).toBeUndefined();
  });

  test('by the names of the model and of its file', async () => {
    const e5 = { query: 'query: ', document: 'passage: ' };
    expect((await settings({ name: 'e5-small-v2.Q8_0.gguf' })).prefixes).toEqual(e5);
    expect((await settings({ entries: { 'general.name': value.text('Multilingual E5 Small') } })).prefixes).toEqual(e5);
  });

  test('the file is believed rather than its name, the catalogue rather than the file, the caller rather than all', async () => {
    const made: Made = { name: 'e5-small-v2.gguf', entries: own };
    expect((await settings(made)).prefixes).toEqual({ query: 'Q: ', document: 'D: ' });
    const known = { ...(findKnown(readCatalog(), 'all-MiniLM-L6-v2') as KnownModel), prefixes: { query: 'c', document: '' } };
    expect((await settings({ ...made, known })).prefixes).toEqual({ query: 'c', document: '' });
    const options = { queryPrefix: 'mine ' };
    expect((await settings({ ...made, options })).prefixes).toEqual({ query: 'mine ', document: 'D: ' });
    expect((await settings({ ...made, options: { queryPrefix: '', documentPrefix: '' } })).prefixes).toBeUndefined();
  });

  test('a place for an instruction has a default', async () => {
    const options = { queryPrefix: 'Instruct: {instruction}\nQuery:' };
    expect((await settings({ options })).prefixes).toMatchObject({ instruction: expect.stringContaining('web search') });
  });
});

test.each([
  ['bge-small-en-v1.5', 'cls', 'Represent this sentence for searching relevant passages: ', undefined],
  ['BAAI_bge-large-zh-v1.5', 'cls', '为这个句子生成表示以用于检索相关文章：', undefined],
  ['bge-m3-Q8_0', 'cls', undefined, undefined],
  ['multilingual-e5-large-instruct', 'mean', 'Instruct: {instruction}\nQuery: ', ''],
  ['Nomic Embed Text v1.5', 'mean', 'search_query: ', 'search_document: '],
  ['Embeddinggemma 300M', 'mean', 'task: search result | query: ', 'title: none | text: '],
  ['Qwen3 Embedding 0.6B', 'last', 'Instruct: {instruction}\nQuery:', undefined],
  ['snowflake-arctic-embed-l-v2.0', 'cls', 'query: ', undefined],
  ['snowflake-arctic-embed-m-v1.5', 'cls', 'Represent this sentence for searching relevant passages: ', undefined],
  [
    'jina_code_embeddings_0.5b',
    'last',
    'Find the most relevant code snippet given the following query:\n',
    'Candidate code snippet:\n',
  ],
])('findEmbedder: %s', (name, pooling, query, document) => {
  const known = findEmbedder([undefined, name]);
  expect([known?.pooling, known?.prefixes?.query, known?.prefixes?.document]).toEqual([pooling, query, document]);
});

test.each(['bge-reranker-v2-m3', 'Qwen3-Reranker-0.6B', 'mobile5-base', 'e5-mistral-7b-instruct', 'bge-small-entity', ''])(
  'findEmbedder: nothing is known of %j',
  (name) => expect(findEmbedder([name])).toBeUndefined(),
);

describe('the share of BM25', () => {
  const lexical = async (made: Made) => (await settings(made)).lexical;
  const pieces = { 'tokenizer.ggml.model': value.text('bert') };

  test('is 0 but for all-MiniLM-L6-v2, whatever its file is called, and the caller goes before that', async () => {
    const starter = { 'general.name': value.text('all-MiniLM-L6-v2') };
    expect(await lexical({})).toBeUndefined();
    expect(await lexical({ name: 'all-MiniLM-L12-v2.gguf' })).toBeUndefined();
    expect(await lexical({ entries: starter })).toEqual({ weight: 0.25, isEnglish: false });
    expect(await lexical({ entries: starter, options: { lexical: 0 } })).toBeUndefined();
    expect(await lexical({ options: { lexical: 1 } })).toEqual({ weight: 1, isEnglish: false });
    expect(await lexical({ name: 'all-minilm-l6-v2-q4_0.gguf', entries: pieces })).toMatchObject({ weight: 0.25 });
  });

  test('rises only with the vocabulary of English BERT', async () => {
    const { model, file, ...rest } = await candidate({ options: { lexical: 0.5 } });
    const tokens = { length: 30_522 } as typeof model.vocabulary.tokens;
    const other = { ...model, vocabulary: { ...model.vocabulary, tokens } };
    expect(embedderSettings({ model: other, file, ...rest }).lexical).toEqual({ weight: 0.5, isEnglish: true });
  });
});

describe('tokens around a text', () => {
  const ids = { bos: 10, eos: 20, sep: 30, control: { '<|endoftext|>': 40 } };
  const qwen = { kind: 'qwen3-reranker' } as const;
  const eos = (on: boolean) => ({ 'tokenizer.ggml.add_eos_token': value.bool(on) });

  test.each([
    ['WordPiece: [CLS] and [SEP]', {}, undefined, [10], [30]],
    ['WordPiece: whatever the switches say', { entries: eos(false) }, undefined, [10], [30]],
    ['a causal model: none', qwen, undefined, [], []],
    ['a causal model that says so: at the end', { ...qwen, entries: eos(true) }, undefined, [], [20]],
    ['Qwen3-Embedding: its own end, also where the file forgot it', { ...qwen, entries: eos(false) }, '<|endoftext|>', [], [40]],
  ] as [string, Made, string | undefined, number[], number[]][])('%s', async (_, made, end, before, after) => {
    const { model } = await candidate(made);
    expect(surroundings(model, ids, made.kind !== undefined, end)).toEqual({ before, after });
  });

  test('a token that is not there is an error', async () => {
    const { model } = await candidate({});
    expect(() => surroundings(model, { ...ids, bos: -1 }, false, undefined)).toThrow(
      expect.objectContaining({ code: 'MODEL_BAD_VOCAB' }),
    );
    expect(() => surroundings(model, ids, true, '<|none|>')).toThrow(/needs <\|none\|>/);
  });
});

describe('which models are embedders', () => {
  const choose = async (made: Made) => (await chooseFamily(await candidate(made))).name;

  test('a qwen3 model that says so, in its file, its name, or by the caller', async () => {
    expect(await choose({ kind: 'qwen3-reranker', entries: { 'qwen3.pooling_type': value.u32(3) } })).toBe('similarity');
    expect(await choose({ kind: 'qwen3-reranker', name: 'Qwen3-Embedding-0.6B-Q8_0.gguf' })).toBe('similarity');
    expect(await choose({ kind: 'qwen3-reranker', options: { pooling: 'last' } })).toBe('similarity');
  });

  test('a language model is none', async () => {
    await expect(choose({ kind: 'qwen3-reranker' })).rejects.toMatchObject({ code: 'MODEL_NOT_A_RERANKER' });
  });
});

test.each([
  ['pooling', 'last'],
  ['queryPrefix', 'last'],
  ['documentPrefix', 'last'],
  ['lexical', 0.5],
])('a listwise model has no use for %s', async (option, given) => {
  const output = join(mkdtempSync(join(folder, 'a-')), 'listwise.gguf');
  await makeModel({ output, tiny: true });
  const file = await openModelFile(output);
  const candidate = { model: await checkModel(file), file, head: undefined, known: undefined };
  const choice = chooseFamily({ ...candidate, options: { [option]: given } as EmbedderOptions });
  const message = `options.${option}: a listwise model has no use for it`;
  await expect(choice).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  // 0 is what it does.
  if (option === 'lexical')
    expect(await chooseFamily({ ...candidate, options: { lexical: 0 } })).toMatchObject({ name: 'listwise' });
  await file.close();
});
