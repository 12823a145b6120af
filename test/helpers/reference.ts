import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import type { RerankResponse } from '../../src/index.js';
import { unpack } from './models.js';

export interface ListwiseOptions {
  maxQueryTokens: number;
  maxDocumentTokens: number;
  blockSize: number;
  contextSize: number;
}

/** See test/fixtures/listwise/README.md. */
export interface ListwiseCase {
  name: string;
  model: string;
  hostile?: true;
  details?: true;
  query: string;
  instruction: string | null;
  documents: string[];
  options?: Partial<ListwiseOptions>;
  expected: {
    queryTokens: number;
    queryTruncated: boolean;
    documentTokens: number[];
    documentsTruncated: boolean[];
    blocks: {
      documents: number[];
      documentMarkers: number[];
      queryMarker: number;
      tokens: number[];
      specialTokens?: Record<string, number>;
    }[];
    scores: Record<string, number[]> | null;
    hiddenStates?: Record<string, number[][][]>;
    documentEmbeddings?: Record<string, number[][]>;
  };
}

export interface ListwiseModel {
  name: string;
  defaults: ListwiseOptions;
  /** Model files by their type, ready to load. */
  files: { kind: string; path: string }[];
  /** Files that hold the same projector, the plain one first. */
  projectors: string[];
  cases: ListwiseCase[];
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

export function readCases<T>(folder: string): T[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => readJson<T>(join(folder, name)));
}

/** The models and cases of a folder laid out like test/fixtures/listwise; unpacks what is packed into build/test-models/`name`. */
export function readListwise(folder: string, name: string): ListwiseModel[] {
  const cases = readCases<ListwiseCase>(join(folder, 'cases'));
  const models = [...new Set(cases.map((reference) => reference.model))];
  return models.map((model) => {
    const at = join(folder, 'models', model);
    const found = readdirSync(at);
    const gguf = found.filter(
      (file) => /\.gguf(\.gz)?$/.test(file) && !(file.endsWith('.gz') && found.includes(basename(file, '.gz'))),
    );
    const projectors = found.filter((file) => /^projector.*\.safetensors$/.test(file));
    projectors.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    return {
      name: model,
      defaults: readJson<{ defaults: ListwiseOptions }>(join(at, 'model.json')).defaults,
      files: gguf.sort().map((file) => ({
        kind: /([^-]+)\.gguf/.exec(file)?.[1] as string,
        path: unpack(join(at, file), join(name, model)),
      })),
      projectors: projectors.map((file) => join(at, file)),
      cases: cases.filter((reference) => reference.model === model),
    };
  });
}

/** Reference values for a file type; a file in F32 has the weights of the F16 file. */
export function ofKind<T>(values: Record<string, T> | null | undefined, kind: string): T | undefined {
  return values?.[kind] ?? (kind === 'F32' ? values?.F16 : undefined);
}

/** Largest difference of a score: in quantized files llama.cpp rounds the activations, which the reference does not. */
export function listwiseTolerance(kind: string): number {
  return /^B?F(16|32)$/.test(kind) ? 2e-3 : 1.5e-2;
}

export function promptTokens(reference: ListwiseCase): number {
  return reference.expected.blocks.reduce((sum, block) => sum + block.queryMarker + 1, 0);
}

/** Scores in the order of the input. Checks that each document came back once, best first, ties by index. */
export function scoresOf({ results }: RerankResponse<unknown>): number[] {
  const scores: number[] = [];
  for (const { index, relevanceScore } of results) scores[index] = relevanceScore;
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  expect(results.map(({ index }) => index)).toEqual(order);
  return scores;
}

/** Scores within the tolerance, and pairs further apart than twice the tolerance in the reference's order. */
export function expectScores(scores: readonly number[], reference: readonly number[], tolerance: number): void {
  expect(scores).toHaveLength(reference.length);
  const differences = scores.map((score, i) => Math.abs(score - (reference[i] as number)));
  expect(Math.max(...differences), 'largest difference of a score').toBeLessThanOrEqual(tolerance);
  const swapped = reference.flatMap((better, a) =>
    reference.flatMap((worse, b) =>
      better - worse > 2 * tolerance && !((scores[a] as number) > (scores[b] as number)) ? [[a, b]] : [],
    ),
  );
  expect(swapped, 'pairs in the wrong order').toEqual([]);
}
