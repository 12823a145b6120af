import { describe, expect, test } from 'vitest';
import type { Embeddings, Plan } from '../../src/family.js';
import { readRequest } from '../../src/options.js';
import { similarity } from '../../src/similarity/family.js';
import type { SimilarityOptions } from '../../src/similarity/plan.js';
import { fakeTokenizer } from '../helpers/fake-tokenizer.js';

const OPTIONS: SimilarityOptions = { states: 'mean', before: [1], after: [2, 3], maxTokens: 8, batchTokens: 16, width: 2 };
const family = similarity(OPTIONS);

/** The plan of a call, of a model that differs from the first one. */
function planned(query: string, documents: string[], options = {}, model: Partial<SimilarityOptions> = {}): Promise<Plan> {
  const other = similarity({ ...OPTIONS, ...model });
  return other.plan(readRequest(query, documents, options, other).request, fakeTokenizer(), other.contextSize);
}

const codes = (text: string) => [...text].map((character) => character.codePointAt(0) as number);
const around = (text: string) => [1, ...codes(text), 2, 3];

/** What is read of each text: the documents, then the query. */
function textsOf(plan: Plan): string[] {
  const sequences = new Map<number, string>();
  plan.jobs.forEach((job, b) => {
    let at = 0;
    const lengths = job.lengths.length > (plan.members[b]?.length ?? 0) ? job.lengths.subarray(1) : job.lengths;
    lengths.forEach((length, i) => {
      const text = String.fromCodePoint(...job.tokens.subarray(at + 1, at + length - 2));
      sequences.set(plan.members[b]?.[i] as number, text);
      at += length;
    });
  });
  return plan.windows?.map(([place]) => sequences.get(place as number) as string) ?? [];
}

test('texts become sequences of their own, the query last, cut to what the model takes', async () => {
  const plan = await planned('question', ['abcde', 'abcdef', '']);
  expect(plan).toMatchObject({ queryTokens: 5, queryTruncated: true, truncated: [false, true, false], overflow: 'none' });
  expect(plan.windows).toEqual([[0], [0], [2], [3]]);
  expect(plan.members).toEqual([[2, 0], [3]]);
  expect(plan.jobs.map((job) => [...job.lengths])).toEqual([[3, 8], [8]]);
  expect([...(plan.jobs[0]?.tokens ?? [])]).toEqual([...around(''), ...around('abcde')]);
  expect([...(plan.jobs[1]?.tokens ?? [])]).toEqual(around('quest'));
});

test('T11, T12: the call’s own limits apply, the model’s and the machine’s remain', async () => {
  const plan = await planned('abc', ['abc', 'abcdefgh'], { maxQueryTokens: 2, maxDocumentTokens: 1000 });
  expect(plan).toMatchObject({ queryTokens: 2, queryTruncated: true, truncated: [false, true] });
  expect(textsOf(plan)).toEqual(['abc', 'abcde', 'ab']);
  const { request } = readRequest('abc', ['abcdefgh'], {}, family);
  expect(textsOf(await family.plan(request, fakeTokenizer(), 5))).toEqual(['ab', 'ab']);
});

test('scores are cosines with the query, in the order of the input, whatever the batches', async () => {
  const plan = await planned('q', ['abcde', 'xyz', '']);
  const vectors = [
    [1, 0],
    [0, 2],
    [3, 4],
    [1, 0],
  ];
  const states = plan.members.map((batch) => Float32Array.from(batch.flatMap((i) => vectors[i] as number[])));
  const { scores, embeddings } = await family.score(plan, states);
  expect(scores[0]).toBe(1);
  expect(scores[1]).toBe(0);
  expect(scores[2]).toBeCloseTo(0.6, 6);
  expect(embeddings?.map((row) => [...row])).toEqual([[1, 0], [0, 1], [...Float32Array.of(0.6, 0.8)]]);
});

test('the query has a batch of its own, so that scores do not depend on whether documents are computed with it', async () => {
  const plan = await planned('abc', ['abc', 'ab', 'c']);
  expect(plan.members).toEqual([[2, 1, 0], [3]]);
  const { jobs } = await (family.embeddings as Embeddings).plan(['abc', 'ab', 'c'], fakeTokenizer(), 8);
  expect(plan.jobs.slice(0, -1)).toEqual(jobs);
  const known = await planned('abc', ['', '', ''], { documentEmbeddings: [1, 2, 3].map(() => Float32Array.of(1, 0)) });
  expect(known.jobs).toEqual(plan.jobs.slice(-1));
});

test('T15: equal texts share a state, so that they tie whatever their batches', async () => {
  const plan = await planned('q', ['abcde', 'abcde', 'abcdefgh', 'abcde']);
  expect(plan.windows).toEqual([[0], [0], [0], [0], [4]]);
  const states = plan.members.map((batch) => Float32Array.from(batch.flatMap((i) => [1, i])));
  expect(new Set((await family.score(plan, states)).scores).size).toBe(1);
});

test('causal models: the shared beginning is empty, and at most 63 sequences go together', async () => {
  const documents = Array.from({ length: 70 }, (_, i) => String.fromCodePoint(1000 + i));
  const plan = await planned('q', documents, {}, { states: 'last', batchTokens: 1000, maxTokens: 1000 });
  expect(plan.members.map((batch) => batch.length)).toEqual([63, 7, 1]);
  expect(plan.jobs.map((job) => [...job.lengths])).toEqual([
    [0, ...new Array(63).fill(4)],
    [0, ...new Array(7).fill(4)],
    [0, 4],
  ]);
  expect(textsOf(plan)).toEqual([...documents, 'q']);
});

describe('overflow', () => {
  test.each([
    ['a document', 'q', ['abc', 'abcdef', 'abcdefg'], {}, /^documents\[1\] has 6 tokens, at most 5 are read/],
    ['the query', 'abcdef', ['abc'], {}, /^query has 6 tokens/],
    ['by the call’s own limit', 'q', ['abc'], { maxDocumentTokens: 2 }, /^documents\[0\] has 3 tokens, at most 2/],
  ])('error: %s that is too long is named', async (_, query, documents, options, message) => {
    const call = planned(query, documents, { ...options, overflow: 'error' });
    await expect(call).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringMatching(message) });
  });

  test('error: what fits is read', async () => {
    expect(textsOf(await planned('q', ['abcde'], { overflow: 'error' }))).toEqual(['abcde', 'q']);
  });

  test.each(['split', 'chunk'])('%s is refused', async (overflow) => {
    const message = /'truncate' or 'error' for a similarity model/;
    await expect(async () => planned('q', ['a'], { overflow })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
  });
});

describe('prefixes', () => {
  const prefixes = { query: 'Q:', document: 'DOC:' };
  const instructed = { query: '<{instruction}>', document: '', instruction: 'x' };

  test('stand before query and documents, and do not count for the limits of a call', async () => {
    const plan = await planned('abcdef', ['abcdef', 'ab'], { maxQueryTokens: 3 }, { prefixes, maxTokens: 12 });
    expect(textsOf(plan)).toEqual(['DOC:abcde', 'DOC:ab', 'Q:abc']);
    expect(plan).toMatchObject({ queryTokens: 3, queryTruncated: true, truncated: [true, false] });
  });

  test('a prefix that leaves no room is an error', async () => {
    const call = planned('abc', ['abc'], {}, { prefixes: { query: '12345', document: '' } });
    const message = /^the prefix of query has 5 tokens, at most 4/;
    await expect(call).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringMatching(message) });
  });

  test('an instruction takes the place of the default', async () => {
    const model = { prefixes: instructed, maxTokens: 100 };
    expect(textsOf(await planned('q', ['d'], {}, model))).toEqual(['d', '<x>q']);
    expect(textsOf(await planned('q', ['d'], { instruction: 'find $& {instruction}' }, model))[1]).toBe(
      '<find $& {instruction}>q',
    );
  });

  test('an instruction without a place is refused', async () => {
    await expect(async () => planned('q', ['d'], { instruction: 'x' }, { prefixes })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^options.instruction: a similarity model/),
    });
  });
});

describe('documentEmbeddings', () => {
  const documentEmbeddings = [Float32Array.of(1, 0), Float32Array.of(0.6, 0.8)];

  test('only the query is read', async () => {
    const plan = await planned('abc', ['long document', 'b'], { documentEmbeddings });
    expect(textsOf(plan)).toEqual(['abc']);
    expect(plan).toMatchObject({ queryTokens: 3, truncated: [false, false] });
    const { scores, embeddings } = await family.score(plan, [Float32Array.of(0, 3)]);
    expect(scores[0]).toBe(0);
    expect(scores[1]).toBeCloseTo(0.8, 6);
    expect(embeddings).toEqual(documentEmbeddings);
  });

  const refused: [string, unknown, RegExp][] = [
    ['too few', documentEmbeddings.slice(1), /documentEmbeddings: expected 2 vectors, one for each document, got 1/],
    ['too many', [...documentEmbeddings, Float32Array.of(1, 2)], /expected 2 vectors.* got 3/],
    ['of another width', [Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3)], /expected vectors of 2 numbers, got 3/],
    ['of two widths', [Float32Array.of(1, 2), Float32Array.of(1)], /documentEmbeddings\[1\]: expected a Float32Array as long/],
    ['no vectors', [[1, 2], documentEmbeddings[0]], /documentEmbeddings\[0\]: expected a Float32Array/],
    ['a hole', [documentEmbeddings[0], undefined], /documentEmbeddings\[1\]: expected a Float32Array.*got undefined/],
    [
      'NaN',
      [documentEmbeddings[0], Float32Array.of(1, Number.NaN)],
      /documentEmbeddings\[1\]\[1\]: expected a finite number, got NaN/,
    ],
    ['infinite', [Float32Array.of(1 / 0, 1), documentEmbeddings[0]], /documentEmbeddings\[0\]\[0\]: .*got Infinity/],
    ['no array', 'vectors', /documentEmbeddings: expected an array of Float32Array/],
  ];
  test.each(refused)('%s: refused', async (_, vectors, message) => {
    await expect(async () => planned('q', ['a', 'b'], { documentEmbeddings: vectors })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
  });

  test('A11: what the caller changes after the call has no effect', () => {
    const vectors = [Float32Array.of(1, 0)];
    const { request } = readRequest('q', ['a'], { documentEmbeddings: vectors }, family);
    vectors[0]?.fill(9);
    expect(request.documentEmbeddings).toEqual([Float32Array.of(1, 0)]);
  });
});
