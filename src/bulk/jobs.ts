import { digest } from '../eval/index.js';
import type { RerankOptions, RerankResponse } from '../index.js';

/** A document of a line of input. */
export interface BulkDocument {
  /** Its `_id` or `id`; undefined for a string. */
  readonly id: string | number | undefined;
  readonly text: string;
}

/** A line of input: a query with its documents. */
export interface BulkLine {
  /** Number of the line in the file, from 1. */
  readonly line: number;
  readonly id: string | number;
  readonly query: string;
  readonly documents: readonly BulkDocument[];
}

/** Lines that can be read several times, the same ones each time. */
export interface BulkInput {
  /** The file or folder, for messages. */
  readonly name: string;
  lines(signal?: AbortSignal): AsyncIterable<BulkLine>;
}

/** What bulk jobs need of a ranker. */
export interface BulkRanker {
  rerank(
    query: string,
    documents: { text: string }[],
    options?: RerankOptions<{ text: string }>,
  ): Promise<RerankResponse<{ text: string }>>;
}

/** Options of every call of `rerank`. */
export type BulkRerankOptions = Pick<
  RerankOptions,
  'topN' | 'minScore' | 'instruction' | 'maxDocumentTokens' | 'maxQueryTokens' | 'blockSize' | 'overflow' | 'timeout'
>;

/** One call of `rerank`, which may stand for several lines. */
export interface Job {
  /** SHA-256 of everything that determines the scores: model, options, query, documents. */
  readonly key: string;
  /** Place among the lines, from 0: the first of those that are the same job. */
  readonly index: number;
  readonly query: string;
  readonly documents: readonly string[];
}

export interface Scored {
  readonly index: number;
  readonly score: number;
  readonly logit?: number;
  readonly chunk?: { readonly index: number; readonly count: number };
  readonly truncated?: true;
}

/** What became of a job: results, best first, or why there are none. */
export type Outcome =
  | { readonly results: readonly Scored[]; readonly queryTruncated?: true }
  | { readonly error: { readonly code: string; readonly message: string } };

/** An outcome and what it took. */
export interface Done {
  readonly outcome: Outcome;
  readonly worker: string;
  readonly milliseconds: number;
  readonly tokens: number;
}

/** What computes jobs: a ranker in this process, or workers behind a queue. */
export interface Engine {
  /** Calls `done` once for each job, in any order, and waits for it. Ends when all are done. */
  run(jobs: AsyncIterable<Job>, done: (job: Job, result: Done) => Promise<void>, signal?: AbortSignal): Promise<void>;
}

/** Of a job: its model's identity, options and texts decide, ids do not. */
export function jobKey(identity: string, rerank: BulkRerankOptions, query: string, documents: readonly string[]): string {
  const content = digest();
  content.add(identity, canonical(rerank), query, String(documents.length), ...documents);
  return content.value();
}

/** Options as text, whatever the order they were given in. */
export function canonical(options: object): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return JSON.stringify(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One call of `rerank`. Throws what `rerank` throws. */
export async function compute(
  ranker: BulkRanker,
  { query, documents }: Pick<Job, 'query' | 'documents'>,
  rerank: BulkRerankOptions,
  worker: string,
  signal?: AbortSignal,
): Promise<Done> {
  const begin = performance.now();
  const list = documents.map((text) => ({ text }));
  const { results, usage } = await ranker.rerank(query, list, { ...rerank, ...(signal ? { signal } : {}) });
  const scored = results.map(
    ({ index, relevanceScore, logit, chunk, truncated }): Scored => ({
      index,
      score: relevanceScore,
      ...(logit === undefined ? {} : { logit }),
      ...(chunk === undefined ? {} : { chunk }),
      ...(truncated ? { truncated } : {}),
    }),
  );
  return {
    outcome: { results: scored, ...(usage.queryTruncated ? { queryTruncated: true as const } : {}) },
    worker,
    milliseconds: performance.now() - begin,
    tokens: usage.totalTokens,
  };
}
