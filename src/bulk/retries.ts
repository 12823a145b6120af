import { type ErrorCode, RerankError } from '../index.js';
import type { BulkRanker } from './jobs.js';

/** How often a job is tried before it is parked. */
export const ATTEMPTS = 3;
/** Milliseconds before the second try; twice as many before the third. */
export const BACKOFF = 1000;

/** Wrong in every job, so that the whole run ends. */
const FATAL: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'DISPOSED'];
/** The job's own texts are the reason: another try ends the same way. */
const LASTING: readonly ErrorCode[] = ['INVALID_QUERY', 'TEXT_TOO_LARGE', 'CONTEXT_OVERFLOW'];

/** What an error of `rerank` means: `fatal` ends the run, `lasting` parks the job at once, `passing` is tried again. */
export function weigh(error: unknown): 'fatal' | 'lasting' | 'passing' {
  if (!(error instanceof RerankError) || FATAL.includes(error.code)) return 'fatal';
  return LASTING.includes(error.code) ? 'lasting' : 'passing';
}

/**
 * After a crash of an isolated model (WORKER_CRASHED), has it rank a word. If that works, the job was to blame, and the crash is not
 * counted against the model, which is given up on after three in a row: one bad job must not take the others with it.
 *
 * @throws what `rerank` throws: the model ranks nothing any more
 */
export async function revive(ranker: BulkRanker, error: unknown, signal?: AbortSignal): Promise<void> {
  if (!(error instanceof RerankError) || error.code !== 'WORKER_CRASHED') return;
  await ranker.rerank('is it well?', [{ text: 'it is' }], signal ? { signal } : {});
}
