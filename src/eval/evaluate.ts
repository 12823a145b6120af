import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type ModelInfo, RerankError, type RerankOptions, type RerankResponse } from '../index.js';
import { EmbeddedDocuments } from './embedded.js';
import { type Answer, digest, type Fingerprint, Journal } from './journal.js';
import { random, shuffled } from './random.js';
import type { EvalRanker } from './ranker.js';
import type { EvalProgress, Task, TaskQuery } from './task.js';
import type { Run } from './trec.js';

/** In which order a model gets the documents: that of the first stage, its reverse, or one at random. */
export type Order = 'given' | 'reversed' | 'shuffled';

export interface EvaluateOptions {
  /** Options of every call of `rerank`. */
  rerank?: Pick<RerankOptions, 'instruction' | 'maxDocumentTokens' | 'maxQueryTokens' | 'blockSize' | 'overflow'>;
  /** Default `given`. */
  order?: Order | undefined;
  /** Of `shuffled`; default 0. */
  seed?: number | undefined;
  /** File that keeps what is done, so that a run that was stopped, by whatever, goes on where it was. */
  journal?: string | undefined;
  /** Whatever else determines the scores, such as the options the model was loaded with: a journal with others is not resumed. */
  settings?: Readonly<Record<string, unknown>> | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: EvalProgress) => void) | undefined;
}

/**
 * Reranks the documents of every query of a task. Embedding models compute each document once for all queries.
 *
 * @returns an answer a query, in the order of the task
 * @throws RerankError as `rerank` does; JOURNAL_MISMATCH, DATASET_CORRUPT and DATASET_UNREADABLE for the journal; the signal's reason when
 *   it was aborted
 */
export async function evaluate(task: Task, ranker: EvalRanker, options: EvaluateOptions = {}): Promise<Answer[]> {
  const { signal, onProgress } = options;
  const journal =
    options.journal === undefined ? undefined : await Journal.open(options.journal, await fingerprint(task, ranker, options));
  try {
    const embedded = embedsOnce(ranker, options) ? new EmbeddedDocuments(ranker, task) : undefined;
    const answers: Answer[] = [];
    for (const query of task.queries) {
      signal?.throwIfAborted();
      let answer = journal?.done.get(query.id);
      if (answer === undefined) {
        onProgress?.({ stage: 'queries', done: answers.length, total: task.queries.length });
        answer = await rerankOne(task, query, ranker, embedded, options);
        await journal?.add(answer);
      }
      embedded?.release(query.documents);
      answers.push(answer);
    }
    onProgress?.({ stage: 'queries', done: answers.length, total: task.queries.length });
    return answers;
  } finally {
    await journal?.close();
  }
}

/** Cutting documents is up to `rerank`, where it is asked for. Of a cascade, it is the first stage that embeds. */
function embedsOnce({ model }: EvalRanker, { rerank = {} }: EvaluateOptions): boolean {
  const { family } = model.cascade?.stages[0] ?? model;
  return family === 'similarity' && rerank.maxDocumentTokens === undefined && rerank.overflow === undefined;
}

async function rerankOne(
  { texts }: Task,
  query: TaskQuery,
  ranker: EvalRanker,
  embedded: EmbeddedDocuments | undefined,
  { rerank, order = 'given', seed = 0, signal }: EvaluateOptions,
): Promise<Answer> {
  const begin = performance.now();
  const ids = inOrder(query, order, seed);
  const documentEmbeddings = await embedded?.of(ids, signal);
  const documents = ids.map((id) => ({ id, text: texts.get(id) as string }));
  const { results, usage } = await ranker.rerank(query.text, documents, {
    ...rerank,
    ...(documentEmbeddings ? { documentEmbeddings } : {}),
    ...(signal ? { signal } : {}),
  });
  return {
    query: query.id,
    documents: results.map(({ index }) => ids[index] as string),
    scores: scoresOf(results),
    truncated: usage.queryTruncated || results.some(({ truncated }) => truncated),
    milliseconds: Math.round((performance.now() - begin) * 1000) / 1000,
  };
}

function inOrder({ id, documents }: TaskQuery, order: Order, seed: number): readonly string[] {
  if (order === 'given') return documents;
  if (order === 'reversed') return [...documents].reverse();
  // The query's id makes it independent of where a run was resumed.
  const own = createHash('sha256').update(`${seed}:${id}`).digest().readInt32LE();
  return shuffled(documents, random(own));
}

/** The model's scores. Of a cascade places, counted from the end, as of others whose scores do not say the order: those of two stages do not compare. */
function scoresOf(results: RerankResponse<unknown>['results']): number[] {
  const scores = results.map(({ relevanceScore }) => relevanceScore);
  const isCascade = results.some(({ stage }) => stage !== undefined);
  const ordered = scores.every((score, i) => i === 0 || score <= (scores[i - 1] as number));
  return ordered && !isCascade ? scores : scores.map((_, i) => scores.length - i);
}

/** Answers as a run, for `measure` and `formatRun`. */
export function runOf(answers: readonly Answer[]): Run {
  return new Map(
    answers.map(({ query, documents, scores }) => [query, new Map(documents.map((id, i) => [id, scores[i] as number]))]),
  );
}

async function fingerprint(task: Task, { model }: EvalRanker, options: EvaluateOptions): Promise<Fingerprint> {
  const { rerank = {}, order = 'given', seed = 0, settings = {}, signal } = options;
  return {
    dataset: task.dataset.name,
    split: task.dataset.split,
    firstStage: task.firstStage,
    topK: task.topK,
    queries: task.queries.length,
    content: await contentOf(task, signal),
    model: await identityOf(model, signal),
    rerank,
    order,
    ...(order === 'shuffled' ? { seed } : {}),
    settings,
  };
}

async function identityOf({ name, path, device, llamaCpp, cascade }: ModelInfo, signal?: AbortSignal): Promise<object> {
  if (cascade === undefined) return { name, sha256: await sha256(path, signal), device, llamaCpp };
  const stages: object[] = [];
  for (const stage of cascade.stages) stages.push(await identityOf(stage, signal));
  return { name, stages, keep: cascade.keep };
}

/** Hash over all queries and documents, in order. */
async function contentOf({ queries, texts }: Task, signal?: AbortSignal): Promise<string> {
  const content = digest();
  for (const { id, text, documents } of queries) {
    content.add(
      id,
      text,
      String(documents.length),
      ...documents.flatMap((document) => [document, texts.get(document) as string]),
    );
    await setImmediate();
    signal?.throwIfAborted();
  }
  return content.value();
}

async function sha256(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) {
      signal?.throwIfAborted();
      hash.update(bytes);
    }
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new RerankError(
      'MODEL_UNREADABLE',
      `${file}: expected the model's file, to note which one it is: ${(cause as Error).message}`,
      { cause },
    );
  }
  return hash.digest('hex');
}
