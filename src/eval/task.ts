import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RerankError } from '../index.js';
import { Bm25 } from '../lexical/bm25.js';
import { type Dataset, readCorpus } from './dataset.js';
import { type Run, ranked, readRun } from './trec.js';

export interface EvalProgress {
  /** `corpus`: reading and indexing (0 or 1 of 1); `search`: queries of the first stage; `queries`: reranked ones. */
  stage: 'corpus' | 'search' | 'queries';
  done: number;
  total: number;
}

/** A query with the documents that are to be reranked. */
export interface TaskQuery {
  readonly id: string;
  readonly text: string;
  /** Ids, best of the first stage first. */
  readonly documents: readonly string[];
}

/** What is to be reranked: the same for every model, so that comparisons are fair. */
export interface Task {
  readonly dataset: Dataset;
  /** `BM25`, or the name of the run's file. */
  readonly firstStage: string;
  readonly topK: number;
  readonly queries: readonly TaskQuery[];
  /** What the first stage found, cut to `topK`. */
  readonly run: Run;
  /** Texts of all documents of `queries`. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface TaskOptions {
  /** A run in TREC's form; without it, BM25 finds the documents, for which the whole corpus has to fit memory. */
  run?: string | undefined;
  /** Documents a query; default 100. */
  topK?: number | undefined;
  /** The first so many judged queries; default all. */
  limit?: number | undefined;
  /** Leave out a document that has the query's id, as BEIR does: in ArguAna and Quora the query is one of the documents. */
  skipSameId?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: EvalProgress) => void) | undefined;
}

/**
 * The first stage: for every judged query, the best `topK` documents. Queries for which it finds nothing are left out, as trec_eval does.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT; the signal's reason when it was aborted
 */
export async function prepareTask(dataset: Dataset, options: TaskOptions = {}): Promise<Task> {
  const { run: file, topK = 100, limit = Number.POSITIVE_INFINITY, skipSameId = false } = options;
  const judged = [...dataset.queries.keys()].filter((id) => dataset.qrels.has(id)).slice(0, limit);
  if (judged.length === 0)
    throw new RerankError(
      'DATASET_CORRUPT',
      `${dataset.folder}: no query of queries.jsonl has a judgement in the split '${dataset.split}'`,
    );
  const found: Found =
    file === undefined
      ? await search(dataset, judged, options)
      : { run: await readRun(file, { queries: new Set(judged), signal: options.signal }) };
  const run = new Map<string, ReadonlyMap<string, number>>();
  const queries: TaskQuery[] = [];
  for (const id of judged) {
    const scores = new Map(found.run.get(id));
    if (skipSameId) scores.delete(id);
    const documents = ranked(scores).slice(0, topK);
    if (documents.length === 0) continue;
    queries.push({ id, text: dataset.queries.get(id) as string, documents });
    run.set(id, new Map(documents.map((document) => [document, scores.get(document) as number])));
  }
  if (queries.length === 0)
    throw new RerankError('DATASET_CORRUPT', `${file ?? dataset.folder}: the first stage found no document for any judged query`);
  const wanted = new Set(queries.flatMap(({ documents }) => documents));
  const texts = found.texts ?? (await readCorpus(dataset, wanted, options.signal));
  return { dataset, firstStage: file === undefined ? 'BM25' : basename(file), topK, queries, run, texts };
}

interface Found {
  run: Run;
  texts?: ReadonlyMap<string, string>;
}

async function search(
  dataset: Dataset,
  judged: readonly string[],
  { topK = 100, signal, onProgress }: TaskOptions,
): Promise<Found> {
  onProgress?.({ stage: 'corpus', done: 0, total: 1 });
  const texts = await readCorpus(dataset, undefined, signal);
  const ids = [...texts.keys()];
  const index = await Bm25.of([...texts.values()], signal);
  const run = new Map<string, Map<string, number>>();
  for (const [done, id] of judged.entries()) {
    onProgress?.({ stage: 'search', done, total: judged.length });
    const hits = index.search(dataset.queries.get(id) as string);
    // One more than asked for, since the document with the query's id may be left out; and those that share the last score.
    const last = Math.fround(hits[topK]?.score ?? 0);
    const best = hits.filter(({ score }) => Math.fround(score) >= last);
    run.set(id, new Map(best.map((hit) => [ids[hit.index] as string, hit.score])));
    await setImmediate();
    signal?.throwIfAborted();
  }
  return { run, texts };
}
