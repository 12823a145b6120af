import { ERROR_CODES, type ErrorCode, RerankError } from '../errors.js';

/** What the addon threw or rejected, as the package's error class. `ABORTED` becomes the signal's reason. */
export function failure(error: unknown, signal?: AbortSignal): unknown {
  // A reason may have a code of its own: that of a DOMException is a number.
  if (error instanceof RerankError || (signal?.aborted && error === signal.reason)) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ABORTED' && signal?.aborted) return signal.reason;
  if (code === 'ABORTED') return new RerankError('DISPOSED', 'the model was closed meanwhile', { cause: error });
  if (!(error instanceof Error) || code === undefined) return error;
  const known = (ERROR_CODES as readonly string[]).includes(code) ? (code as ErrorCode) : 'NATIVE_ERROR';
  return new RerankError(known, message ?? String(error), { cause: error });
}

/** Calls a user's callback; what it throws becomes a warning, since native code is above it on the stack. */
export function callSafely<A extends unknown[]>(callback: ((...args: A) => void) | undefined, ...args: A): void {
  try {
    callback?.(...args);
  } catch (error) {
    process.emitWarning(`a callback threw: ${error instanceof Error ? error.message : String(error)}`, 'LlamaRerankWarning');
  }
}
