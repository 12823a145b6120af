import { expect, test } from 'vitest';
import type { Plan } from '../../src/family.js';
import type { RerankOptions } from '../../src/index.js';
import { readRequest } from '../../src/options.js';
import { crossEncoder } from '../../src/pairwise/family.js';
import { sigmoid } from '../../src/pairwise/score.js';
import { fakeTokenizer } from '../helpers/fake-tokenizer.js';

const form = { prefix: [1], between: [2], suffix: [2], typed: true };
const family = crossEncoder({ form, maxTokens: 32, batchTokens: 64 });
const planned = (query: string, documents: string[], options: RerankOptions = {}, capacity = family.contextSize) =>
  family.plan(readRequest(query, documents, options, family).request, fakeTokenizer(), capacity);

/** A logit for each sequence: its tokens' sum, so that windows and documents can be told apart. */
const states = ({ jobs }: Plan) =>
  jobs.map(({ tokens, lengths }) => {
    let at = 0;
    return Float32Array.from(lengths, (length) => {
      at += length;
      return tokens.subarray(at - length, at).reduce((sum, id) => sum + id, 0) / 1000;
    });
  });

test('limits of the model', () => {
  expect(family.defaults).toMatchObject({ maxQueryTokens: 16, maxDocumentTokens: 29, overflow: 'truncate' });
  expect(crossEncoder({ form, maxTokens: 8192, batchTokens: 512 }).defaults.maxQueryTokens).toBe(512);
});

test('the sigmoid of each document’s logit, in the order of the input, whatever the batches', async () => {
  const documents = ['a long document that is cut', 'b', '', 'another', 'xyz'];
  const plan = await planned('q', documents);
  expect(plan.members.flat().sort()).toEqual([0, 1, 2, 3, 4]);
  const { scores, logits, chunks } = await family.score(plan, states(plan));
  const sum = (text: string) => [...text].reduce((total, character) => total + (character.codePointAt(0) as number), 118);
  documents.forEach((document, i) => {
    expect(logits?.[i]).toBeCloseTo(sum(document) / 1000, 5);
    expect(scores[i]).toBe(sigmoid(logits?.[i] as number));
  });
  expect(chunks).toBeUndefined();
});

test('equal documents are computed once', async () => {
  const plan = await planned('q', ['same', 'other', 'same', 'same']);
  expect(plan.members.flat().sort()).toEqual([0, 1]);
  const { scores } = await family.score(plan, states(plan));
  expect(scores[0]).toBe(scores[2]);
  expect(scores[0]).toBe(scores[3]);
});

test('chunk: the best window counts, and is named', async () => {
  const text = `${'a'.repeat(40)}${'z'.repeat(25)}${'a'.repeat(60)}`;
  const plan = await planned('q', [text, 'b'], { overflow: 'chunk' });
  expect(plan).toMatchObject({ overflow: 'chunk', truncated: [false, false] });
  const { chunks } = await family.score(plan, states(plan));
  expect(chunks).toEqual([
    { index: 2, count: 6 },
    { index: 0, count: 1 },
  ]);
});

test('a head turns first states to logits', async () => {
  const half = crossEncoder({ form, maxTokens: 32, batchTokens: 64, head: async (rows) => rows.map((x) => x / 2) });
  expect([family.states, half.states]).toEqual(['rank', 'first']);
  const plan = await planned('q', ['abc']);
  const [whole, halved] = await Promise.all([family.score(plan, states(plan)), half.score(plan, states(plan))]);
  expect(halved.logits?.[0]).toBeCloseTo((whole.logits?.[0] as number) / 2, 6);
});

test('its own tokenizer and form of texts come before llama.cpp’s', async () => {
  const tokenizer = { tokenize: async (texts: readonly string[]) => texts.map((text) => Int32Array.of(text.length)) };
  const own = crossEncoder({
    form,
    maxTokens: 32,
    batchTokens: 64,
    tokenizer,
    normalize: async (texts) => texts.map((text) => `${text}!`),
  });
  expect(own.tokenizer).toBe(tokenizer);
  const plan = await own.plan(readRequest('q', ['abc'], {}, own).request, fakeTokenizer(), 32);
  expect([...(plan.jobs[0]?.tokens ?? [])]).toEqual([1, 2, 2, 4, 2]);
  expect([...(plan.jobs[0]?.types ?? [])]).toEqual([0, 0, 0, 1, 1]);
});

test('batches hold at most 64 pairs and as many tokens as they may; a longer pair is alone', async () => {
  const plan = await planned('q', [...Array.from({ length: 200 }, (_, i) => String.fromCodePoint(200 + i)), 'x'.repeat(25)]);
  for (const { lengths } of plan.jobs) {
    expect(lengths.length).toBeLessThanOrEqual(64);
    if (lengths.length > 1) expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(64);
  }
  expect(plan.members.flat()).toHaveLength(201);
});

test('a smaller context cuts more; what was cut is told', async () => {
  const plan = await planned('q', ['x'.repeat(20), 'y'], {}, 16);
  expect(plan).toMatchObject({ overflow: 'truncate', truncated: [true, false] });
  expect(Math.max(...plan.jobs.flatMap(({ lengths }) => [...lengths]))).toBe(16);
  expect((await planned('q', ['y'])).overflow).toBe('none');
});

test.each([{ instruction: 'x' }, { returnEmbeddings: true }, { overflow: 'split' as const }])('%j is refused', (options) => {
  expect(() => readRequest('q', ['a'], options, family)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
