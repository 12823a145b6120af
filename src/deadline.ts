import { RerankError } from './errors.js';

/** What can end a call early. */
export interface Limits {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout: number | undefined;
}

/**
 * Runs a call with one signal for everything that can end it: the caller's, the time, and `closing`.
 *
 * @throws RerankError TIMEOUT, through the signal
 */
export async function withDeadline<T>(
  { signal: own, timeout }: Limits,
  closing: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = timeout && setTimeout(() => late.abort(timedOut(timeout)), timeout);
  try {
    return await call(AbortSignal.any([closing, late.signal, ...(own ? [own] : [])]));
  } finally {
    clearTimeout(timer);
  }
}

function timedOut(milliseconds: number): RerankError {
  return new RerankError('TIMEOUT', `the call took longer than its timeout of ${milliseconds} ms`);
}
