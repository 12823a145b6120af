import { type Checked, sizeOf } from './check.js';
import { type BulkRanker, type BulkRerankOptions, compute, type Job } from './jobs.js';

/** What a run takes, as some of its jobs tell. */
export interface Estimate {
  lines: number;
  jobs: number;
  documents: number;
  /** Jobs that were computed to tell. */
  sampled: number;
  tokens: number;
  /** Of one process like this one. */
  milliseconds: number;
}

const MOST_SAMPLES = 12;
/** Samples are taken so many places apart, so that the first few are not neighbours; it has no divisor in common with their number. */
const STEP = 5;
/** Milliseconds after which no further job is tried. */
const PATIENCE = 10_000;

/**
 * Computes up to 12 jobs from all over the input, for 10 seconds or little more, and infers from the bytes of their texts what all take.
 *
 * @throws RerankError as `rerank` does; the signal's reason
 */
export async function estimate(
  checked: Checked,
  ranker: BulkRanker,
  rerank: BulkRerankOptions = {},
  signal?: AbortSignal,
): Promise<Estimate> {
  const firsts = checked.origins.flatMap((origin, index) => (origin === index ? [index] : []));
  const wanted = new Set(Array.from({ length: MOST_SAMPLES }, (_, i) => firsts[Math.floor((i * firsts.length) / MOST_SAMPLES)]));
  const samples: Job[] = [];
  for await (const job of checked.each((index) => wanted.has(index), signal)) samples.push(job);
  const [first] = samples;
  // Not counted: the first call of a process takes longer than others.
  if (first !== undefined) await compute(ranker, first, rerank, '', signal);
  let [sampled, bytes, tokens, milliseconds] = [0, 0, 0, 0];
  for (let i = 0; i < samples.length && milliseconds < PATIENCE; i++) {
    const job = samples[(i * STEP) % samples.length] as Job;
    const done = await compute(ranker, job, rerank, '', signal);
    sampled++;
    bytes += sizeOf(job);
    tokens += done.tokens;
    milliseconds += done.milliseconds;
  }
  const { lines, jobs, documents } = checked;
  const factor = bytes === 0 ? 0 : checked.bytes / bytes;
  return { lines, jobs, documents, sampled, tokens: Math.round(tokens * factor), milliseconds: milliseconds * factor };
}
