import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Family, Plan } from '../../src/family.js';
import { Reranker } from '../../src/index.js';
import { readRequest } from '../../src/options.js';
import { openEngine } from './engine.js';
import { expectScores, readCases, readJson, scoresOf } from './reference.js';

/** See test/fixtures/similarity/README.md. */
interface SimilarityCase {
  name: string;
  query: string;
  documents: string[];
  query_tokens: number[];
  query_truncated: boolean;
  document_tokens: number[][];
  document_truncated: boolean[];
  cosine: number[];
}

/** Largest difference of a cosine, for the Q8_0 file. */
const TOLERANCE = 0.012;

/** Where llama.cpp's tokens are known to differ from the original's, and nowhere else. */
const LIMITS: Record<string, (text: string) => boolean> = {
  'Hangul syllables': (text) => /[\uac00-\ud7a3]/.test(text),
  'spacing vowel signs': (text) => /\p{Mc}/u.test(text),
  'words of more than 100 characters': (text) => text.split(/\s+/).some((word) => [...word].length > 100),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what llama.cpp reads differently
  'U+000B, U+000C, U+0085 within a word': (text) => /[^\s\x85][\x0b\x0c\x85]+[^\s\x85]/.test(text),
};

/** Id of [UNK]. */
const UNKNOWN = 100;

/** Whether llama.cpp is known to tokenize a text otherwise than the original WordPiece. */
export const limited = (text: string): boolean => Object.values(LIMITS).some((applies) => applies(text));

/** Compares the starter model with every case of a folder that is laid out like test/fixtures/similarity. */
export function describeSimilarity(folder: string, model: string): void {
  let engine: Engine;
  let family: Family;
  let reranker: Reranker;
  beforeAll(async () => {
    ({ engine, family } = await openEngine(model));
    reranker = await Reranker.load(model, { gpu: 'cpu', threads: 1, lexical: 0 });
  });
  afterAll(async () => {
    await reranker.dispose();
    await engine.close();
  });

  test('tokens of single texts, apart from documented limits of llama.cpp', async () => {
    const { texts, tokens } = readJson<{ texts: string[]; tokens: number[][] }>(join(folder, 'tokens.json'));
    const ids = await engine.tokenizer.tokenize(texts);
    const different = texts.filter((_, i) => (ids[i] as Int32Array).join() !== (tokens[i] as number[]).join());
    expect(different.filter((text) => !limited(text))).toEqual([]);
  });

  test.each([
    ['a Hangul syllable keeps its first part', '\uac01', '\u1100'],
    ['a spacing vowel sign is dropped', '\u0915\u093e', '\u0915'],
    ['U+000B is a blank', 'a\u000bb', 'a b'],
    ['U+0085 is a blank', 'a\u0085b', 'a b'],
    ['a word of more than 100 characters is read', 'x'.repeat(102), `${'x'.repeat(102)} `],
  ])('limit of llama.cpp: %s', async (_, text, same) => {
    const [ids, others] = (await engine.tokenizer.tokenize([text, same])) as [Int32Array, Int32Array];
    expect(limited(text)).toBe(true);
    expect(ids).toEqual(others);
    expect([...ids]).not.toContain(UNKNOWN);
  });

  const cases = readCases<SimilarityCase>(join(folder, 'cases'));
  const asked = cases.filter(({ query }) => query.trim() !== '');

  test.each(asked.map((reference) => [reference.name, reference] as const))('%s', async (_, reference) => {
    const { query, documents } = reference;
    const { request } = readRequest(query, documents, {}, family);
    const plan = await family.plan(request, engine.tokenizer, family.contextSize);
    const texts = [...documents, query];
    const wanted = [...reference.document_tokens, reference.query_tokens];
    const sequences = sequencesOf(plan);
    texts.forEach((text, i) => {
      if (!limited(text)) expect(sequences[i], text).toEqual(wanted[i]);
    });

    const response = await reranker.rerank(query, documents);
    const scores = scoresOf(response);
    const compared = limited(query) ? [] : documents.flatMap((document, i) => (limited(document) ? [] : [i]));
    const pick = (values: readonly number[]) => compared.map((i) => values[i] as number);
    if (compared.length > 0) expectScores(pick(scores), pick(reference.cosine), TOLERANCE);
    for (const { index, truncated } of response.results) expect(truncated).toBe(reference.document_truncated[index]);
    expect(response.usage.queryTruncated).toBe(reference.query_truncated);
    expect(response.usage.totalTokens).toBe([...new Set(sequences)].flat().length);
  });

  test.each(
    cases
      .filter((reference) => !asked.includes(reference))
      .map(({ name, query, documents }) => [name, query, documents] as const),
  )('%s: a blank query is refused', async (_, query, documents) => {
    await expect(reranker.rerank(query, documents)).rejects.toMatchObject({ code: 'INVALID_QUERY' });
  });
}

/** Tokens of each text: the documents, then the query. Equal texts have the same list. */
function sequencesOf(plan: Plan): number[][] {
  const sequences = new Map<number, number[]>();
  plan.jobs.forEach((job, b) => {
    let at = 0;
    (plan.members[b] as readonly number[]).forEach((sequence, i) => {
      const length = job.lengths[i] as number;
      sequences.set(sequence, [...job.tokens.subarray(at, at + length)]);
      at += length;
    });
  });
  return (plan.windows as readonly (readonly number[])[]).map(([place]) => sequences.get(place as number) as number[]);
}
