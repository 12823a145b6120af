import type { Writable } from 'node:stream';
import { type Checked, checkInput } from './check.js';
import type { Identity } from './identity.js';
import type { BulkInput, BulkRerankOptions, Engine } from './jobs.js';
import { Journal } from './journal.js';
import { type FailedLine, type OutputFormat, writeOutput } from './output.js';
import { expectWritable } from './unwritable.js';

export interface BulkProgress {
  /** Calls of `rerank`. */
  stage: 'jobs';
  done: number;
  total: number;
}

/** What a worker did in this run. */
export interface WorkerShare {
  jobs: number;
  tokens: number;
  /** Time spent in `rerank`. */
  milliseconds: number;
}

export interface BulkOptions {
  /** The model's: see `identify`. */
  identity: Identity;
  engine: Engine;
  /** File that keeps what is done until the output is written. */
  journal: string;
  /** A file, which appears whole at the end, or a stream. */
  output: string | Writable;
  /** Default `jsonl`. */
  format?: OutputFormat | undefined;
  /** The same options that the engine has. */
  rerank?: BulkRerankOptions | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: BulkProgress) => void) | undefined;
}

export interface BulkReport {
  lines: number;
  /** Different jobs among the lines. */
  jobs: number;
  /** Jobs that an earlier run had done. */
  resumed: number;
  /** Lines without results. While there are any, the journal stays: the same run again tries them again. */
  failed: FailedLine[];
  /** Jobs by the name of the worker. */
  workers: Map<string, WorkerShare>;
  /** From the first job to the last, in this run. */
  milliseconds: number;
}

/**
 * Reranks the documents of every line of input, and writes the results in the order of the input. A run that was stopped, by whatever,
 * goes on where it was when it is started again with the same input, options and journal.
 *
 * @throws RerankError DATASET_UNREADABLE and DATASET_CORRUPT (with file and line, before anything is computed), JOURNAL_MISMATCH,
 *   OUTPUT_UNWRITABLE, INVALID_ARGUMENT for options that the model has no use for, those of the engine; the signal's reason
 */
export async function bulk(input: BulkInput, options: BulkOptions): Promise<BulkReport> {
  const { identity, engine, rerank = {}, format = 'jsonl', output, signal, onProgress } = options;
  if (typeof output === 'string') await expectWritable(output);
  const checked = await checkInput(input, { identity: identity.digest, rerank, trec: format === 'trec', signal });
  const fingerprint = {
    input: checked.content,
    lines: checked.lines,
    model: identity.label,
    identity: identity.digest,
    rerank: JSON.parse(JSON.stringify(rerank)),
  };
  const journal = await Journal.open(options.journal, fingerprint, checked.lines);
  let isComplete = false;
  try {
    const report = await runJobs(checked, journal, engine, signal, onProgress);
    const failed = await writeOutput(output, input, checked.origins, journal, { format, tag: identity.label, signal });
    isComplete = failed.length === 0;
    return { ...report, failed };
  } finally {
    await (isComplete ? journal.remove() : journal.close());
  }
}

async function runJobs(
  checked: Checked,
  journal: Journal,
  engine: Engine,
  signal: AbortSignal | undefined,
  onProgress: BulkOptions['onProgress'],
): Promise<Omit<BulkReport, 'failed'>> {
  const resumed = journal.done;
  const workers = new Map<string, WorkerShare>();
  const total = checked.jobs;
  const begin = performance.now();
  onProgress?.({ stage: 'jobs', done: resumed, total });
  if (resumed < total) {
    const jobs = checked.each((index) => !journal.has(index), signal);
    await engine.run(
      jobs,
      async ({ index }, { outcome, worker, tokens, milliseconds }) => {
        await journal.add(index, outcome);
        const share = workers.get(worker) ?? { jobs: 0, tokens: 0, milliseconds: 0 };
        workers.set(worker, {
          jobs: share.jobs + 1,
          tokens: share.tokens + tokens,
          milliseconds: share.milliseconds + milliseconds,
        });
        onProgress?.({ stage: 'jobs', done: journal.done, total });
      },
      signal,
    );
  }
  return { lines: checked.lines, jobs: total, resumed, workers, milliseconds: performance.now() - begin };
}
