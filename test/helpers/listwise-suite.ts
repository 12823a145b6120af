import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Family } from '../../src/family.js';
import { readGguf } from '../../src/files/gguf.js';
import { readSafetensors } from '../../src/files/safetensors.js';
import { Reranker, type RerankOptions } from '../../src/index.js';
import { readProjector } from '../../src/listwise/projector.js';
import { fuse } from '../../src/listwise/score.js';
import { readRequest } from '../../src/options.js';
import { openEngine } from './engine.js';
import {
  expectScores,
  type ListwiseCase,
  type ListwiseModel,
  listwiseTolerance,
  ofKind,
  promptTokens,
  readListwise,
  scoresOf,
} from './reference.js';

export interface Effort {
  /** Longest case, in tokens, that runs on files after a model's first. */
  others: number;
  /** Cases per file that run with several numbers of threads and with every projector file, and how long they may be. */
  repeated: number;
  repeatedTokens: number;
}

/** Compares with every model and case of a folder that is laid out like test/fixtures/listwise. */
export function describeListwise(folder: string, name: string, effort: Effort): void {
  for (const model of readListwise(folder, name)) {
    test(`${model.name} has model files and projectors`, () => {
      expect(model.files.length * model.projectors.length).toBeGreaterThan(0);
    });
    model.files.forEach(({ kind, path }, i) => {
      const cases = model.cases.filter((reference) => i === 0 || promptTokens(reference) <= effort.others);
      describe(`${model.name} ${kind}`, { timeout: 120_000 }, () => {
        if (i === 0) describePrompts(model, path);
        describeHead(model, kind, path);
        describeScores(model, kind, path, cases);
        describeRepetition(model, path, spread(cases, effort));
      });
    });
  }
}

function describePrompts(model: ListwiseModel, path: string): void {
  const opened = opening(model, path);

  test.each(named(model.cases))('%s: prompts', async (_, reference) => {
    const { engine, family } = opened();
    const { query, documents, expected, hostile } = reference;
    const { contextSize } = { ...model.defaults, ...reference.options };
    const { request } = readRequest(query, documents, callOptions(model, reference), family);
    const plan = await family.plan(request, engine.tokenizer, contextSize);

    expect(plan.members).toEqual(expected.blocks.map((block) => block.documents));
    expect([plan.queryTokens, plan.queryTruncated]).toEqual([expected.queryTokens, expected.queryTruncated]);
    expect(plan.truncated).toEqual(expected.documentsTruncated);
    const alone = await engine.tokenizer.tokenize(request.texts.map((text) => text.normalize('NFC')));
    expect(alone.map((ids) => Math.min(ids.length, request.maxDocumentTokens))).toEqual(expected.documentTokens);

    const special = hostile ? await specialIds(path) : new Set();
    for (const [b, block] of expected.blocks.entries()) {
      const { tokens, rows } = plan.jobs[b] as (typeof plan.jobs)[number];
      if (hostile) {
        const counts: Record<string, number> = {};
        for (const id of tokens) if (special.has(id)) counts[id] = (counts[id] ?? 0) + 1;
        expect(counts).toEqual(block.specialTokens);
        const marked = [...block.documentMarkers, block.queryMarker].map((at) => block.tokens[at]);
        expect([...rows].map((at) => tokens[at])).toEqual(marked);
      } else {
        expect([...tokens]).toEqual(block.tokens.slice(0, block.queryMarker + 1));
        expect([...rows]).toEqual([...block.documentMarkers, block.queryMarker]);
      }
    }
  });
}

function describeHead(model: ListwiseModel, kind: string, path: string): void {
  const opened = opening(model, path);
  const detailed = model.cases.filter(({ expected }) => ofKind(expected.hiddenStates, kind));

  test.each(named(detailed))('%s: projector and fusion of the reference’s own states', async (_, { expected }) => {
    const { engine } = opened();
    const [projector] = model.projectors as [string];
    const weights = readProjector(await readSafetensors(projector), engine.info.embedding, projector);
    const project = engine.head(weights.width, [{ weight: weights.first, activation: 'relu' }, { weight: weights.second }]);
    const states = ofKind(expected.hiddenStates, kind) as number[][][];
    const blocks = await Promise.all(
      states.map(async (rows, b) => ({
        documents: (expected.blocks[b] as { documents: number[] }).documents,
        rows: await project(Float32Array.from(rows.flat())),
      })),
    );
    const { scores, embeddings } = fuse(blocks, expected.documentTokens.length, weights.output);
    expect(difference(scores, ofKind(expected.scores, kind) as number[])).toBeLessThanOrEqual(1e-5);
    const wanted = ofKind(expected.documentEmbeddings, kind) as number[][];
    const largest = Math.max(...wanted.flat().map(Math.abs));
    expect(
      difference(
        embeddings.flatMap((row) => [...row]),
        wanted.flat(),
      ),
    ).toBeLessThanOrEqual(1e-5 * largest);
  });
}

function describeScores(model: ListwiseModel, kind: string, path: string, cases: ListwiseCase[]): void {
  const load = loading(model, path);

  test.each(named(cases))('%s: scores', async (_, reference) => {
    const { query, documents, expected } = reference;
    const reranker = await load({ contextSize: { ...model.defaults, ...reference.options }.contextSize });
    const response = await reranker.rerank(query, documents, callOptions(model, reference));
    const scores = scoresOf(response);
    const wanted = ofKind(expected.scores, kind);
    if (wanted) expectScores(scores, wanted, listwiseTolerance(kind));
    expect(scores.filter(Number.isFinite)).toHaveLength(documents.length);
    for (const { index, truncated } of response.results) expect(truncated).toBe(expected.documentsTruncated[index]);
    expect(response.usage).toMatchObject({ queryTokens: expected.queryTokens, queryTruncated: expected.queryTruncated });
    expect(response.usage.blocks).toBe(expected.blocks.length);
    if (!reference.hostile) expect(response.usage.totalTokens).toBe(promptTokens(reference));
  });
}

function describeRepetition(model: ListwiseModel, path: string, cases: ListwiseCase[]): void {
  const load = loading(model, path);
  const [first, ...variants] = model.projectors as [string, ...string[]];
  const ways = [{ threads: 2 }, { threads: 3 }, ...variants.map((head) => ({ head }))];

  test.each(named(cases))('%s: the same bits with 1, 2 and 3 threads and from every projector file', async (_, reference) => {
    const { contextSize } = { ...model.defaults, ...reference.options };
    const run = async (way: { threads?: number; head?: string }) => {
      const reranker = await load({ contextSize, head: first, ...way });
      return scoresOf(await reranker.rerank(reference.query, reference.documents, callOptions(model, reference)));
    };
    const scores = await run({});
    for (const way of ways) expect(await run(way), JSON.stringify(way)).toEqual(scores);
  });
}

function named(cases: readonly ListwiseCase[]): [name: string, reference: ListwiseCase][] {
  return cases.map((reference) => [reference.name, reference]);
}

/** Cases of different lengths, the longest that is allowed among them. */
function spread(cases: readonly ListwiseCase[], { repeated, repeatedTokens }: Effort): ListwiseCase[] {
  const sorted = cases.filter((reference) => promptTokens(reference) <= repeatedTokens);
  sorted.sort((a, b) => promptTokens(b) - promptTokens(a));
  const step = Math.max(1, sorted.length / repeated);
  return Array.from({ length: Math.min(repeated, sorted.length) }, (_, i) => sorted[Math.floor(i * step)] as ListwiseCase);
}

function callOptions(model: ListwiseModel, { options, instruction }: ListwiseCase): RerankOptions {
  const { contextSize, ...limits } = { ...model.defaults, ...options };
  return { ...limits, ...(instruction === null ? {} : { instruction }) };
}

function opening(model: ListwiseModel, path: string): () => { engine: Engine; family: Family } {
  let engine: Engine | undefined;
  let family: Family | undefined;
  beforeAll(async () => {
    ({ engine, family } = await openEngine(path, model.projectors[0]));
  });
  afterAll(() => engine?.close());
  return () => ({ engine: engine as Engine, family: family as Family });
}

type Way = { contextSize: number; threads?: number; head?: string };

/** One reranker for each way to load; they share the weights. One thread, since the machine runs other tests meanwhile. */
function loading(model: ListwiseModel, path: string): (way: Way) => Promise<Reranker> {
  const loaded = new Map<string, Promise<Reranker>>();
  afterAll(async () => {
    for (const reranker of loaded.values()) await (await reranker).dispose();
  });
  return (way) => {
    const key = JSON.stringify(way);
    const defaults = { gpu: 'cpu' as const, head: model.projectors[0] as string, threads: 1, memoryBudget: 2 ** 40 };
    const reranker = loaded.get(key) ?? Reranker.load(path, { ...defaults, ...way });
    loaded.set(key, reranker);
    return reranker;
  };
}

async function specialIds(path: string): Promise<Set<number>> {
  const CONTROL = 3;
  const USER_DEFINED = 4;
  const types = (await readGguf(path)).metadata.get('tokenizer.ggml.token_type') as number[];
  return new Set(types.flatMap((type, id) => (type === CONTROL || type === USER_DEFINED ? [id] : [])));
}

function difference(a: ArrayLike<number>, b: readonly number[]): number {
  expect(a).toHaveLength(b.length);
  return b.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (a[i] as number))), 0);
}
