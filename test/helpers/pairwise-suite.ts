import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Family, Plan } from '../../src/family.js';
import { Reranker } from '../../src/index.js';
import { readRequest } from '../../src/options.js';
import { sigmoid } from '../../src/pairwise/score.js';
import { openEngine } from './engine.js';
import { unpack } from './models.js';
import { expectScores, readCases, readJson, scoresOf } from './reference.js';
import { limited } from './similarity-suite.js';

/** See test/fixtures/pairwise/README.md. */
interface PairwiseCase {
  name: string;
  max_tokens: number;
  max_query_tokens: number;
  special_tokens: number;
  query: string;
  documents: string[];
  tokens: number[][];
  token_types?: number[][];
  query_truncated: boolean;
  document_truncated: boolean[];
  logits: number[];
}

/** Largest difference of a logit, by the model's folder and the file's type, with flash attention and without. */
const TOLERANCES: Record<string, Record<string, { flash: number; plain: number }>> = {
  'jina-v1': { F16: { flash: 0.1, plain: 0.01 }, Q8_0: { flash: 0.5, plain: 0.5 } },
  'minilm-ce': { F16: { flash: 0.015, plain: 0.015 }, Q8_0: { flash: 0.25, plain: 0.25 } },
  'bge-m3': { F16: { flash: 0.025, plain: 0.025 }, Q8_0: { flash: 0.25, plain: 0.25 } },
};

/** Longest pairs that are scored with flash attention and without: the one takes time, the other memory, with the square of their length. */
interface Longest {
  flash: number;
  plain: number;
}

/** Compares every model of a folder that is laid out like test/fixtures/pairwise/jina-v1 with its cases. */
export function describePairwise(root: string, kind: string, longest: Longest): void {
  const folder = join(root, kind);
  for (const name of readdirSync(join(folder, 'cases')).sort()) {
    const packed = join(folder, `${name}.gguf.gz`);
    const model = existsSync(packed) ? unpack(packed, 'pairwise') : join(folder, `${name}.gguf`);
    const head = join(folder, `${name.replace(/-[^-]+$/, '')}-head.safetensors`);
    const tolerance = TOLERANCES[kind]?.[/[^-]+$/.exec(name)?.[0] as string] as { flash: number; plain: number };
    describe(name, () => {
      const cases = readCases<PairwiseCase>(join(folder, 'cases', name));
      const isLimited = kind === 'minilm-ce' ? limited : () => false;
      compare({ model, head: kind !== 'bge-m3' && existsSync(head) ? head : undefined, cases, tolerance, longest, isLimited });
      // Other files of the folder may have a part of the vocabulary.
      if (name === `${kind}-F16` || (kind === 'jina-v1' && existsSync(packed))) compareTokens(model, head, folder);
    });
  }
}

function compareTokens(model: string, head: string, folder: string): void {
  const path = join(folder, 'tokens.json');
  if (!existsSync(path)) return;
  test('tokens of single texts', async () => {
    const { texts, tokens } = readJson<{ texts: string[]; tokens: number[][] }>(path);
    const { engine, family } = await openEngine(model, folder.endsWith('bge-m3') ? undefined : head);
    try {
      const ids = await (family.tokenizer ?? engine.tokenizer).tokenize(texts);
      expect(texts.filter((_, i) => (ids[i] as Int32Array).join() !== (tokens[i] as number[]).join())).toEqual([]);
    } finally {
      await engine.close();
    }
  });
}

interface Comparison {
  model: string;
  head: string | undefined;
  cases: PairwiseCase[];
  tolerance: { flash: number; plain: number };
  longest: Longest;
  /** Texts that llama.cpp is known to tokenize otherwise than the original. */
  isLimited: (text: string) => boolean;
}

function compare({ model, head, cases, tolerance, longest, isLimited }: Comparison): void {
  let engine: Engine;
  let family: Family;
  let rerankers: Record<'flash' | 'plain', Reranker>;
  const largest = { flash: 0, plain: 0 };
  beforeAll(async () => {
    ({ engine, family } = await openEngine(model, head));
    const load = (flashAttention: boolean) =>
      Reranker.load(model, { gpu: 'cpu', threads: 1, flashAttention, ...(head && { head }) });
    rerankers = { flash: await load(true), plain: await load(false) };
  });
  afterAll(async () => {
    if (process.env.LLAMA_RERANK_FIGURES) console.log(`largest differences of ${model}: ${JSON.stringify(largest)}`);
    await Promise.all([rerankers.flash.dispose(), rerankers.plain.dispose(), engine.close()]);
  });

  /** Of one value for each document, those that can be compared. */
  const picker = ({ query, documents }: PairwiseCase) => {
    const compared = isLimited(query) ? [] : documents.flatMap((document, i) => (isLimited(document) ? [] : [i]));
    return <T>(values: readonly T[]): T[] => compared.map((i) => values[i] as T);
  };
  const asked = cases.filter(({ query }) => query.trim() !== '');
  const rows = asked.map((reference) => [reference.name, reference] as const);

  test.each(rows)('%s: tokens and limits', async (_, reference) => {
    const { query, documents } = reference;
    const { request } = readRequest(query, documents, {}, family);
    expect(family.contextSize).toBe(reference.max_tokens);
    expect(request.maxQueryTokens).toBe(reference.max_query_tokens);
    const plan = await family.plan(request, engine.tokenizer, family.contextSize);
    const pairs = pairsOf(plan);
    const pick = picker(reference);
    expect(pick(pairs.map(({ tokens }) => tokens))).toEqual(pick(reference.tokens));
    if (reference.token_types) expect(pick(pairs.map(({ types }) => types))).toEqual(pick(reference.token_types));
    expect(plan).toMatchObject({ truncated: reference.document_truncated, queryTruncated: reference.query_truncated });
  });

  for (const attention of ['flash', 'plain'] as const) {
    const short = rows.filter(([, { tokens }]) => tokens.every((pair) => pair.length <= longest[attention]));
    test.each(short)(`%s: scores, ${attention === 'flash' ? 'flash attention' : 'without it'}`, async (_, reference) => {
      const response = await rerankers[attention].rerank(reference.query, reference.documents);
      const scores = scoresOf(response);
      const logits: number[] = [];
      for (const { index, logit, relevanceScore, truncated } of response.results) {
        logits[index] = logit as number;
        expect(relevanceScore).toBe(sigmoid(logit as number));
        expect(truncated).toBe(reference.document_truncated[index]);
      }
      expect(scores).toHaveLength(reference.documents.length);
      const pick = picker(reference);
      const differences = pick(logits.map((logit, i) => Math.abs(logit - (reference.logits[i] as number))));
      largest[attention] = Math.max(largest[attention], ...differences);
      if (differences.length > 0) expectScores(pick(logits), pick(reference.logits), tolerance[attention]);
      reference.documents.forEach((document, i) => {
        expect(logits[i]).toBe(logits[reference.documents.indexOf(document)]);
      });
      expect(response.usage.queryTruncated).toBe(reference.query_truncated);
    });
  }

  test.each(
    cases
      .filter((reference) => !asked.includes(reference))
      .map(({ name, query, documents }) => [name, query, documents] as const),
  )('%s: a blank query is refused', async (_, query, documents) => {
    await expect(rerankers.flash.rerank(query, documents)).rejects.toMatchObject({ code: 'INVALID_QUERY' });
  });
}

/** Tokens and types of each document's pair. */
function pairsOf(plan: Plan): { tokens: number[]; types: number[] }[] {
  const sequences = new Map<number, { tokens: number[]; types: number[] }>();
  plan.jobs.forEach(({ tokens, types, lengths }, b) => {
    let at = 0;
    (plan.members[b] as readonly number[]).forEach((sequence, i) => {
      const end = at + (lengths[i] as number);
      sequences.set(sequence, { tokens: [...tokens.subarray(at, end)], types: [...(types?.subarray(at, end) ?? [])] });
      at = end;
    });
  });
  return (plan.windows as readonly (readonly [number])[]).map(([sequence]) => sequences.get(sequence) as never);
}
