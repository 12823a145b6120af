import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatRun } from '../eval/index.js';
import { RerankError } from '../index.js';
import { changed } from './check.js';
import type { BulkInput, BulkLine, Outcome } from './jobs.js';
import type { Journal } from './journal.js';
import { unwritable } from './unwritable.js';

/** JSON Lines, or a run in TREC's form. */
export type OutputFormat = 'jsonl' | 'trec';

/** A job that has no results. */
export interface FailedLine {
  readonly id: string | number;
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

export interface WriteOptions {
  readonly format: OutputFormat;
  /** Name of the run in TREC's form. */
  readonly tag: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the outcome of every line in the order of the input. A file appears whole or not at all.
 *
 * @returns lines without results
 * @throws RerankError OUTPUT_UNWRITABLE; the signal's reason
 */
export async function writeOutput(
  target: string | Writable,
  input: BulkInput,
  origins: readonly number[],
  journal: Journal,
  { format, tag, signal }: WriteOptions,
): Promise<FailedLine[]> {
  const failed: FailedLine[] = [];
  async function* texts(): AsyncGenerator<string> {
    let index = 0;
    for await (const line of input.lines(signal)) {
      const origin = origins[index++];
      if (origin === undefined) throw changed(input.name);
      const outcome = await journal.read(origin);
      if ('error' in outcome) failed.push({ id: line.id, line: line.line, ...outcome.error });
      yield format === 'trec' ? trec(line, outcome, tag) : json(line, outcome);
    }
  }
  if (typeof target !== 'string') {
    await pipeline(Readable.from(texts()), target, { end: false, ...(signal ? { signal } : {}) });
    return failed;
  }
  const temporary = `${target}.part`;
  try {
    await pipeline(Readable.from(texts()), createWriteStream(temporary), signal ? { signal } : {});
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    if (cause instanceof RerankError) throw cause;
    throw unwritable(target, cause);
  }
  return failed;
}

function json({ id, documents }: BulkLine, outcome: Outcome): string {
  if ('error' in outcome) return `${JSON.stringify({ id, error: outcome.error })}\n`;
  const results = outcome.results.map(({ index, score, logit, chunk, truncated = false }) => ({
    index,
    id: documents[index]?.id,
    relevance_score: score,
    logit,
    chunk,
    truncated,
  }));
  return `${JSON.stringify({ id, results, ...(outcome.queryTruncated ? { query_truncated: true } : {}) })}\n`;
}

function trec({ id, documents }: BulkLine, outcome: Outcome, tag: string): string {
  if ('error' in outcome) return '';
  const scores = outcome.results.map(({ index, score }) => [String(documents[index]?.id ?? index), score] as const);
  return formatRun(new Map([[String(id), new Map(scores)]]), tag);
}
