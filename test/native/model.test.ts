import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeAddon, NativeModel, NativeModelInfo } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { LISTWISE_FIXTURES, STARTER, tinyListwise } from '../helpers/models.js';
import { collectGarbage, fault, MODEL_OPTIONS, newContext, prompt } from '../helpers/native.js';
import { type ListwiseCase, readCases } from '../helpers/reference.js';

let addon: NativeAddon;
let model: NativeModel;
let info: NativeModelInfo;
const fractions: number[] = [];
beforeAll(async () => {
  ({ addon } = await openLibrary('cpu'));
  model = new addon.Model(tinyListwise(), MODEL_OPTIONS, (fraction) => fractions.push(fraction));
  info = await model.load();
});
afterAll(() => model.close());

async function tokenize(text: string): Promise<number[]> {
  return [...(await model.tokenize([text])).ids];
}

async function detokenize(ids: number[]): Promise<string> {
  return (await model.detokenize(Int32Array.from(ids), Int32Array.of(ids.length)))[0] as string;
}

test('what a file says about itself', async () => {
  const { metadata, control, description, ...numbers } = info;
  expect(metadata).toMatchObject({ 'general.architecture': 'qwen3', 'qwen3.block_count': '4', 'tokenizer.ggml.model': 'gpt2' });
  expect(control).toMatchObject({ '<|endoftext|>': 2703, '<|embed_token|>': 2730, '<|rerank_token|>': 2731 });
  expect(control).not.toHaveProperty('<think>');
  expect(description).toMatch(/qwen3 .*F16/);
  expect(numbers).toEqual({
    bytes: 946432,
    parameters: 472128,
    layers: 4,
    embedding: 64,
    contextTrain: 131072,
    classifierOutputs: 1,
    vocabulary: 2752,
    bos: 2703,
    eos: 2705,
    sep: -1,
  });
  expect(fractions.at(-1)).toBe(1);
  expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
});

test('an encoder’s own tokens', async () => {
  const encoder = new addon.Model(STARTER, MODEL_OPTIONS, null);
  expect(await encoder.load()).toMatchObject({
    embedding: 384,
    contextTrain: 512,
    bos: 101,
    sep: 102,
    control: { '[CLS]': 101 },
  });
  await encoder.close();
});

test('each text gives its ids, and they give the text', async () => {
  const texts = ['', 'night train', ' \n\t', 'naïve café, 北京, 🙂', 'a', '\u0000\u0001', 'x'.repeat(10_000)];
  const { ids, lengths } = await model.tokenize(texts);
  expect(lengths[0]).toBe(0);
  expect(lengths.reduce((sum, length) => sum + length)).toBe(ids.length);
  expect(await model.detokenize(ids, lengths)).toEqual(texts);
  expect(await model.tokenize([])).toEqual({ ids: new Int32Array(), lengths: new Int32Array() });
});

// llama.cpp itself recognises <think> and the like in plain text; the references come from a tokenizer that was told not to.
const hostile = readCases<ListwiseCase>(join(LISTWISE_FIXTURES, 'cases')).filter((reference) => reference.hostile);
test.each(hostile.map((reference) => [reference.name, reference] as const))(
  '%s: no special token is recognised in a text',
  async (_, { query, documents, expected }) => {
    const special = new Set(Array.from({ length: 2732 - 2703 }, (_, i) => 2703 + i));
    const reference = expected.blocks.map(({ tokens }) => ` ${tokens.join(' ')} `).join();
    for (const text of [query, ...documents]) {
      const ids = await tokenize(text);
      expect(ids.filter((id) => special.has(id))).toEqual([]);
      expect(reference).toContain(` ${ids.join(' ')} `);
      expect(await detokenize(ids)).toBe(text);
    }
  },
);

test.each([
  ['🙂', ['', '', '🙂']],
  ['ab🙂', ['ab', 'ab', 'ab', 'ab🙂']],
  ['ⓐⓐ', ['', '', 'ⓐ', 'ⓐ', 'ⓐ', 'ⓐⓐ']],
])('a character that the last id cuts is left out: %s', async (text, prefixes) => {
  const ids = await tokenize(text);
  const cut = ids.map((_, i) => detokenize(ids.slice(0, i + 1)));
  expect(await Promise.all(cut)).toEqual(prefixes);
});

test.each([[-1], [2752], [2 ** 31 - 1]])('the id %d is refused', async (id) => {
  expect(await fault(() => detokenize([1, id]))).toEqual({ code: 'INTERNAL', message: 'a token id is not in the vocabulary' });
  const context = newContext(addon, model);
  expect(await fault(() => context.run(prompt([1, id]), null))).toMatchObject({ code: 'INTERNAL' });
  await context.close();
});

test('a model that does not load says why, and can be closed', async () => {
  const missing = new addon.Model(join(LISTWISE_FIXTURES, 'README.md'), MODEL_OPTIONS, null);
  expect(await fault(() => missing.load())).toEqual({
    code: 'MODEL_LOAD_FAILED',
    message: expect.stringMatching(/README\.md: .*magic/),
  });
  expect(await fault(() => missing.tokenize(['a']))).toMatchObject({ code: 'INTERNAL' });
  await missing.close();
});

test('models and contexts that are forgotten are collected, and their threads end', async () => {
  const threads = () => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);
  const before = threads();
  const forgotten = await (async () => {
    const refs: WeakRef<object>[] = [];
    for (let i = 0; i < 5; i++) {
      const one = new addon.Model(tinyListwise(), MODEL_OPTIONS, null);
      await one.load();
      const context = newContext(addon, one);
      await context.run(prompt([1, 2, 3]), null);
      refs.push(new WeakRef(one), new WeakRef(context));
    }
    return refs;
  })();
  for (let i = 0; i < 50 && (threads() > before || forgotten.some((ref) => ref.deref())); i++) {
    await collectGarbage();
  }
  expect(forgotten.filter((ref) => ref.deref())).toEqual([]);
  expect(threads()).toBeLessThanOrEqual(before);
  expect(await detokenize(await tokenize('the other model lives'))).toBe('the other model lives');
});
