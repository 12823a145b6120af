import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PAIRWISE_FIXTURES, unpack } from '../helpers/models.js';
import { loaded } from '../helpers/reranker.js';

const QUERY = 'a bridge of stone';
const LIMIT = 64;
/** Neighbouring windows share a quarter of so short a window. */
const STEP = 48;
const WORDS =
  'the of and to in is on was for as at by or an be are this that from with not have had he she they we all one'.split(' ');

const pairwise = (file: string) => unpack(join(PAIRWISE_FIXTURES, `${file}.gguf.gz`), 'pairwise');
const head = (name: string) => ({ head: join(PAIRWISE_FIXTURES, `${name}-head.safetensors`) });

describe.each([
  ['jina-reranker-v1', pairwise('jina-v1/jina-v1-small-F16'), head('jina-v1/jina-v1-small')],
  ['ms-marco-MiniLM', pairwise('minilm-ce/minilm-ce-F16'), head('minilm-ce/minilm-ce')],
  ['bge-reranker', pairwise('bge-m3/bge-m3-F16'), {}],
  ['Qwen3-Reranker', pairwise('qwen3-reranker/qwen3-reranker-F16-nohead'), {}],
])('chunk: %s', { timeout: 60_000 }, (_, model, options) => {
  const reranker = loaded(model, options);
  const ask = async (documents: string[], overflow: 'chunk' | 'truncate') => {
    const { results, usage } = await reranker().rerank(QUERY, documents, { overflow, maxDocumentTokens: LIMIT });
    return { results: [...results].sort((a, b) => a.index - b.index), usage };
  };
  /** Words of one token each, so that windows of tokens are windows of words. */
  const someWords = async (length: number, seed: number): Promise<string[]> => {
    const counts = await reranker().countTokens(WORDS.map((word) => `${word} ${word}`));
    const single = WORDS.filter((_, i) => counts[i] === 2);
    expect(single.length).toBeGreaterThan(4);
    return Array.from({ length }, (_, i) => single[(seed * 13 + i * i + (i >> 2)) % single.length] as string);
  };

  test('a long document has the score of its best window, and the window has it as a document of its own', async () => {
    // What the model likes best of several texts is at the end.
    const texts = await Promise.all([...Array(40).keys()].map(async (seed) => (await someWords(LIMIT, seed)).join(' ')));
    const liked = await reranker().rerank(QUERY, texts);
    const words = [...(await someWords(4 * STEP, 7)), ...(liked.results[0]?.document.split(' ') ?? [])];
    const windows = Array.from({ length: 5 }, (_, i) => words.slice(i * STEP, i * STEP + LIMIT).join(' '));
    const alone = (await ask(windows, 'truncate')).results.map(({ logit }) => logit as number);

    const { results, usage } = await ask([words.join(' ')], 'chunk');
    expect(usage.overflow).toBe('chunk');
    expect(results[0]).toMatchObject({ truncated: false, chunk: { index: 4, count: 5 } });
    expect(Math.abs((results[0]?.logit as number) - Math.max(...alone))).toBeLessThan(0.01);
    expect(alone.indexOf(Math.max(...alone))).toBe(4);

    const cut = await ask([words.join(' ')], 'truncate');
    expect(cut.results[0]).toMatchObject({ truncated: true });
    expect(Math.abs((cut.results[0]?.logit as number) - (alone[0] as number))).toBeLessThan(0.01);
  });

  test('a document that fits is one window', async () => {
    const texts = [(await someWords(LIMIT, 3)).join(' '), 'short', ''];
    const [chunked, whole] = [await ask(texts, 'chunk'), await ask(texts, 'truncate')];
    expect(chunked.results.map(({ chunk }) => chunk)).toEqual(texts.map(() => ({ index: 0, count: 1 })));
    expect(chunked.results.map(({ logit }) => logit)).toEqual(whole.results.map(({ logit }) => logit));
    expect(whole.results.map(({ chunk }) => chunk)).toEqual([undefined, undefined, undefined]);
  });
});
