import { corrupt, digest } from '../eval/index.js';
import { RerankError } from '../index.js';
import { type BulkInput, type BulkLine, type BulkRerankOptions, type Job, jobKey } from './jobs.js';

/** Input that was read from end to end. */
export interface Checked {
  readonly lines: number;
  /** Different jobs, at most `lines`. */
  readonly jobs: number;
  readonly documents: number;
  /** Bytes of all texts of all jobs, as UTF-8. */
  readonly bytes: number;
  /** Of each line, the first one that is the same job. */
  readonly origins: readonly number[];
  /** Hash over all lines in order. */
  readonly content: string;
  /** Jobs in the order of the input; `wanted` says which. */
  each(wanted: (index: number) => boolean, signal?: AbortSignal): AsyncGenerator<Job>;
}

export interface CheckOptions {
  /** Digest of the model: see `identify`. */
  readonly identity: string;
  readonly rerank?: BulkRerankOptions | undefined;
  /** Whether all ids must suit TREC's form: no white space, no document twice for a query. */
  readonly trec?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads all input before anything is computed, so that a bad line is an error at the start.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT with file and line; the signal's reason
 */
export async function checkInput(
  input: BulkInput,
  { identity, rerank = {}, trec = false, signal }: CheckOptions,
): Promise<Checked> {
  const places = new Map<string, number>();
  const ids = new Map<string, number>();
  const origins: number[] = [];
  const content = digest();
  let [documents, bytes] = [0, 0];
  for await (const line of input.lines(signal)) {
    const before = ids.get(String(line.id));
    if (before !== undefined) throw corrupt(input.name, line.line, `the id '${line.id}' is there twice, first in line ${before}`);
    ids.set(String(line.id), line.line);
    if (trec) expectTrec(input.name, line);
    const job = jobOf(line, origins.length);
    const origin = places.get(job.key) ?? job.index;
    if (origin === job.index) {
      places.set(job.key, origin);
      documents += job.documents.length;
      bytes += sizeOf(job);
    }
    origins.push(origin);
    content.add(String(line.id), job.key);
  }

  function jobOf({ query, documents: list }: BulkLine, index: number): Job {
    const texts = list.map(({ text }) => text);
    return { key: jobKey(identity, rerank, query, texts), index, query, documents: texts };
  }

  async function* each(wanted: (index: number) => boolean, pass?: AbortSignal): AsyncGenerator<Job> {
    let index = 0;
    for await (const line of input.lines(pass)) {
      const own = index++;
      if (origins[own] !== own || !wanted(own)) continue;
      const job = jobOf(line, own);
      if (places.get(job.key) !== own) throw changed(input.name);
      yield job;
    }
    if (index !== origins.length) throw changed(input.name);
  }

  return { lines: origins.length, jobs: places.size, documents, bytes, origins, content: content.value(), each };
}

/** Bytes of a job's texts. */
export function sizeOf({ query, documents }: Job): number {
  return documents.reduce((sum, text) => sum + Buffer.byteLength(text), Buffer.byteLength(query));
}

export function changed(name: string): RerankError {
  return new RerankError('DATASET_CORRUPT', `${name}: it was changed while it was being read; run the command again`);
}

function expectTrec(file: string, { line, id, documents }: BulkLine): void {
  const names = documents.map((document, index) => String(document.id ?? index));
  const bad = [String(id), ...names].find((name) => /\s/.test(name));
  if (bad !== undefined) throw corrupt(file, line, `a TREC run needs ids without white space, found '${bad}'`);
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw corrupt(file, line, `a TREC run needs other ids for other documents, '${twice}' is there twice`);
}
