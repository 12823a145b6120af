import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelOptions, makeModel } from '../../scripts/model/make.mjs';
import type { Embeddings } from '../../src/family.js';
import { type LoadOptions, type Progress, Reranker } from '../../src/index.js';
import { cosine } from '../../src/vectors.js';
import { type EncoderOptions, encode, readWeights } from '../helpers/encoder-reference.js';
import { openEngine } from '../helpers/engine.js';
import { putTogether, takeApart, value, withEntries } from '../helpers/gguf-pieces.mjs';
import { STARTER, tinyListwise } from '../helpers/models.js';
import { loaded, rejection, scores } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = ['Bees collect nectar.', 'Honey keeps for years.', 'The train was late.', 'A hive has one queen.', ''];
const length = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, number) => sum + number * number, 0));

describe('the starter model', { timeout: 60_000 }, () => {
  const reranker = loaded(STARTER);

  test('one vector of length 1 for each document, in order, equal ones for equal texts', async () => {
    const vectors = await reranker().embedDocuments([...DOCUMENTS, ...DOCUMENTS]);
    expect(vectors.map((vector) => vector.length)).toEqual(new Array(10).fill(384));
    for (const vector of vectors) expect(length(vector)).toBeCloseTo(1, 6);
    expect(vectors.slice(0, 5)).toEqual(vectors.slice(5));
    expect(await reranker().embedDocuments([])).toEqual([]);
  });

  test('rerank with them gives what it gives without, and computes the query alone', async () => {
    const documentEmbeddings = await reranker().embedDocuments(DOCUMENTS);
    const plain = await reranker().rerank(QUERY, DOCUMENTS, { returnEmbeddings: true });
    const known = await reranker().rerank(QUERY, DOCUMENTS, { returnEmbeddings: true, documentEmbeddings });
    for (const [i, score] of scores(known).entries()) expect(Math.abs(score - (scores(plain)[i] as number))).toBeLessThan(1e-6);
    expect(known.results.map(({ index }) => index)).toEqual(plain.results.map(({ index }) => index));
    for (const { index, embedding } of known.results) {
      expect(embedding).toEqual([...(documentEmbeddings[index] as Float32Array)]);
    }
    const { queryTokens, totalTokens, blocks } = known.usage;
    expect({ totalTokens, blocks }).toEqual({ totalTokens: queryTokens + 2, blocks: 1 });
    expect(plain.usage.totalTokens).toBeGreaterThan(totalTokens);
  });

  test('scores are a blend of two parts, which come with them', async () => {
    expect(reranker().scoreKind).toBe('blend');
    const cosines = await Reranker.load(STARTER, { gpu: 'cpu', threads: 1, lexical: 0 });
    expect(cosines.scoreKind).toBe('cosine');
    const plain = await cosines.rerank(QUERY, DOCUMENTS);
    await cosines.dispose();
    const { results } = await reranker().rerank(QUERY, DOCUMENTS);
    const byIndex = [...results].sort((a, b) => a.index - b.index);
    expect(byIndex.map(({ parts }) => parts?.cosine)).toEqual(scores(plain));
    expect(byIndex.map(({ parts }) => (parts?.bm25 ?? 0) > 0)).toEqual([true, true, false, false, false]);
    expect(byIndex.map(({ relevanceScore }) => relevanceScore)).not.toEqual(scores(plain));
    expect(plain.results[0]).not.toHaveProperty('parts');
    const [alone] = (await reranker().rerank(QUERY, ['Bees collect nectar.'])).results;
    expect(alone?.relevanceScore).toBe(alone?.parts?.cosine);
  });

  test('in a language that the model does not know, words decide', async () => {
    const documents = ['Die Stadt hat einen Hafen.', 'Москва — столица России.', 'Пчёлы собирают нектар.'];
    const { results } = await reranker().rerank('где пчела собирает нектар', documents);
    expect(results[0]?.index).toBe(2);
  });

  test('documents of any kind, by the option text', async () => {
    const vectors = await reranker().embedDocuments(DOCUMENTS);
    const pages = DOCUMENTS.map((body) => ({ body }));
    expect(await reranker().embedDocuments(pages, { text: 'body' })).toEqual(vectors);
    expect(await reranker().embedDocuments(pages, { text: (page) => page.body })).toEqual(vectors);
  });

  test('a vector of zeros scores 0', async () => {
    const documentEmbeddings = [new Float32Array(384)];
    expect(scores(await reranker().rerank(QUERY, ['a'], { documentEmbeddings }))).toEqual([0]);
  });

  test('progress rises to the total; abort and timeout end the call, and the next one works', async () => {
    const seen: Progress[] = [];
    const many = Array.from({ length: 200 }, (_, i) => `document ${i}`);
    await reranker().embedDocuments(many, { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)?.done).toBe(seen.at(-1)?.total);
    expect(await rejection(reranker().embedDocuments(many, { signal: AbortSignal.abort('enough') }))).toBe('enough');
    expect(await rejection(reranker().embedDocuments(many, { timeout: 0.01 }))).toMatchObject({ code: 'TIMEOUT' });
    const controller = new AbortController();
    const running = reranker().embedDocuments(many, { signal: controller.signal, onProgress: () => controller.abort('stop') });
    expect(await rejection(running)).toBe('stop');
    expect(await reranker().embedDocuments(['a'])).toHaveLength(1);
  });

  test.each([
    ['no list', 'text', {}, /^documents: expected an array/],
    ['no text', [5], {}, /^documents\[0\]: expected a string or an object/],
    [
      'an option that is not known',
      ['a'],
      { topN: 1 },
      /^options.topN: unknown option; known are text, signal, timeout, onProgress/,
    ],
  ] as [string, never, object, RegExp][])('%s is refused', async (_, documents, options, message) => {
    const error = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) };
    expect(await rejection(reranker().embedDocuments(documents, options))).toMatchObject(error);
  });

  test('the overflow policy error names the document', async () => {
    const call = reranker().rerank(QUERY, ['short', 'word '.repeat(300)], { overflow: 'error' });
    const message = /^documents\[1\] has 300 tokens, at most 254 are read/;
    expect(await rejection(call)).toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringMatching(message) });
  });

  test('an instruction is refused', async () => {
    const call = reranker().rerank(QUERY, ['a'], { instruction: 'be strict' });
    expect(await rejection(call)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('a listwise model refuses both, and says why', { timeout: 60_000 }, async () => {
  const reranker = await Reranker.load(tinyListwise(), { gpu: 'cpu', threads: 1 });
  const embed = /a listwise model cannot embed documents: the states of a document depend on the query/;
  expect(await rejection(reranker.embedDocuments(['a']))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(embed),
  });
  const call = reranker.rerank('q', ['a'], { documentEmbeddings: [Float32Array.of(1)] });
  expect(await rejection(call)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  await reranker.dispose();
  expect(await rejection(reranker.embedDocuments(['a']))).toMatchObject({ code: 'DISPOSED' });
});

describe('small models of each pooling', { timeout: 60_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'poolings-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function make(options: Partial<ModelOptions>, entries: Record<string, Buffer> = {}): Promise<string> {
    const output = join(mkdtempSync(join(folder, 'a-')), 'm.gguf');
    await makeModel({ output, tiny: true, noHead: true, type: 'F32', ...options });
    writeFileSync(output, putTogether(withEntries(takeApart(readFileSync(output)), entries)));
    return output;
  }

  async function use<R>(path: string, options: LoadOptions, task: (reranker: Reranker) => Promise<R>): Promise<R> {
    const reranker = await Reranker.load(path, { gpu: 'cpu', threads: 1, ...options });
    try {
      return await task(reranker);
    } finally {
      await reranker.dispose();
    }
  }

  const ended = { 'tokenizer.ggml.add_eos_token': value.bool(true) };
  const causal = { ...ended, 'qwen3.pooling_type': value.u32(3) };

  test.each([
    ['mean', 'bert', {}, {}],
    ['cls', 'bert', {}, { pooling: 'cls' }],
    ['last', 'qwen3-reranker', causal, {}],
    ['last', 'qwen2', ended, { pooling: 'last' }],
    ['mean', 'jina-bert-v2', {}, { pooling: 'mean' }],
    ['cls', 'xlm-roberta', { 'bert.pooling_type': value.u32(2) }, {}],
    ['mean', 'nomic-bert', {}, {}],
    ['cls', 'modern-bert', { 'modern-bert.pooling_type': value.u32(2) }, {}],
    ['mean, then dense layers', 'gemma-embedding', {}, {}],
  ] as const)(
    '%s, %s: a text has the same vector alone and among others, and is like itself',
    async (_, kind, entries, options) => {
      const texts = [...DOCUMENTS, ...Array.from({ length: 80 }, (__, i) => 'bees and honey '.repeat(i % 9) + i)];
      await use(await make({ kind, noHead: kind !== 'gemma-embedding' }, entries), options, async (reranker) => {
        const together = await reranker.embedDocuments(texts);
        for (const i of [0, 1, 4, 30, 84]) {
          const [alone] = (await reranker.embedDocuments([texts[i] as string])) as [Float32Array];
          expect(1 - cosine(alone, together[i] as Float32Array)).toBeLessThan(1e-3);
        }
        expect(scores(await reranker.rerank(QUERY, [QUERY, 'trains']))[0]).toBeCloseTo(1, 3);
        expect(new Set(together.map((vector) => vector.join())).size).toBe(texts.length);
      });
    },
  );

  test.each(['mean', 'cls'] as const)('%s is that of the formulas', async (pooling) => {
    const path = await make({ kind: 'bert' });
    const [text] = DOCUMENTS as [string];
    const { engine, family } = await openEngine(path);
    const plan = await (family.embeddings as Embeddings).plan([text], engine.tokenizer, family.contextSize);
    await engine.close();
    const tokens = [...(plan.jobs[0]?.tokens ?? [])];
    const reference: EncoderOptions = { heads: 2, layers: 2, epsilon: 1e-12, gelu: 'exact' };
    const rows = encode(await readWeights(path), tokens, new Array(tokens.length).fill(0), reference);
    const [first] = rows as [number[]];
    const mean = first.map((_, i) => rows.reduce((sum, row) => sum + (row[i] as number), 0) / rows.length);
    const [vector] = await use(path, { pooling, flashAttention: false }, (reranker) => reranker.embedDocuments([text]));
    expect(cosine(vector as Float32Array, pooling === 'mean' ? mean : first)).toBeCloseTo(1, 6);
    expect(cosine(vector as Float32Array, pooling === 'mean' ? first : mean)).toBeLessThan(0.999);
  });

  test('poolings differ, and the caller’s goes before the file’s', async () => {
    const path = await make({ kind: 'bert' });
    const embed = (options: LoadOptions) => use(path, options, (reranker) => reranker.embedDocuments(['bees and honey']));
    const [[own], [mean], [cls]] = [await embed({}), await embed({ pooling: 'mean' }), await embed({ pooling: 'cls' })];
    expect(own).toEqual(mean);
    expect(cosine(own as Float32Array, cls as Float32Array)).toBeLessThan(0.999);
  });

  test('prefixes are a part of the texts, and are shown', async () => {
    const path = await make({ kind: 'bert' });
    const plain = await use(path, {}, (reranker) => reranker.embedDocuments(['doc: bees', 'bees']));
    const prefixes = { queryPrefix: 'doc: ', documentPrefix: 'doc: ' };
    await use(path, prefixes, async (reranker) => {
      expect(reranker.model.prefixes).toEqual({ query: 'doc: ', document: 'doc: ' });
      const [vector] = (await reranker.embedDocuments(['bees'])) as [Float32Array];
      expect(cosine(vector, plain[0] as Float32Array)).toBeCloseTo(1, 3);
      expect(cosine(vector, plain[1] as Float32Array)).toBeLessThan(0.999);
    });
  });

  test('an instruction moves the query where its prefix has a place for it', async () => {
    const queryPrefix = 'Instruct: {instruction}\nQuery:';
    await use(await make({ kind: 'qwen3-reranker' }, causal), { queryPrefix }, async (reranker) => {
      const [plain] = scores(await reranker.rerank(QUERY, ['bees']));
      const [instructed] = scores(await reranker.rerank(QUERY, ['bees'], { instruction: 'find trains' }));
      expect(instructed).not.toBe(plain);
    });
  });

  test('EmbeddingGemma without its dense layers is refused', async () => {
    const path = await make({ kind: 'gemma-embedding' });
    const error = { code: 'MODEL_NOT_A_RERANKER', message: expect.stringContaining('dense_2 and dense_3 are not in this file') };
    expect(await rejection(Reranker.load(path))).toMatchObject(error);
  });

  test('a model whose states are no numbers is NON_FINITE', async () => {
    await use(await make({ kind: 'bert', nan: true }), {}, async (reranker) => {
      expect(await rejection(reranker.embedDocuments(['a']))).toMatchObject({ code: 'NON_FINITE' });
    });
  });
});
