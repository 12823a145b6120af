import { setTimeout as pause } from 'node:timers/promises';
import { RerankError } from '../../errors.js';
import { Transient } from './failure.js';
import type { Retry } from './settings.js';

/**
 * Runs `work` until it succeeds or fails for good. Pauses double from failure to failure, unless the server asks for another.
 *
 * @param progress a number that grows when work gets somewhere; failures are counted from its last growth
 * @throws RerankError DOWNLOAD_FAILED after too many failures in a row; what `work` throws, if it is not Transient; the signal's reason
 */
export async function withRetries<T>(
  retry: Retry,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let best = progress();
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Transient)) throw error;
      if (progress() > best) failures = 1;
      best = Math.max(best, progress());
      const wait = error.wait ?? Math.min(retry.longest, retry.first * 2 ** (failures - 1) * (0.75 + Math.random() / 2));
      if (wait > retry.longest) throw failed(error, `it asks to wait ${Math.ceil(wait / 1000)} s; try again then`);
      if (failures >= retry.attempts) throw failed(error, `given up after ${failures} failures in a row`);
      await pause(wait, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

function failed(cause: Transient, what: string): RerankError {
  return new RerankError('DOWNLOAD_FAILED', `${cause.message}: ${what}`, { cause });
}
