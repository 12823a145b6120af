/**
 * Stable error codes. `docs/errors.md` lists when each is raised and what to do about it.
 */
export const ERROR_CODES = [
  'INVALID_ARGUMENT',
  'INVALID_QUERY',
  'TEXT_TOO_LARGE',
  'CONTEXT_OVERFLOW',
  'TIMEOUT',
  'DISPOSED',
  'MODEL_UNKNOWN',
  'MODEL_NOT_FOUND',
  'MODEL_UNREADABLE',
  'MODEL_NOT_REGULAR',
  'MODEL_BAD_MAGIC',
  'MODEL_BAD_VERSION',
  'MODEL_TRUNCATED',
  'MODEL_CORRUPT',
  'MODEL_UNSUPPORTED_TYPE',
  'MODEL_UNSUPPORTED_SPLIT',
  'MODEL_BAD_HPARAM',
  'MODEL_CHANGED',
  'MODEL_HASH_MISMATCH',
  'MODEL_LOAD_FAILED',
  'MODEL_UNSUPPORTED_ARCH',
  'MODEL_NOT_A_RERANKER',
  'MODEL_BAD_VOCAB',
  'PROJECTOR_NOT_FOUND',
  'PROJECTOR_CORRUPT',
  'PROJECTOR_MISMATCH',
  'OFFLINE',
  'DOWNLOAD_FAILED',
  'DOWNLOAD_GATED',
  'DOWNLOAD_CORRUPT',
  'DISK_FULL',
  'CACHE_UNWRITABLE',
  'INSUFFICIENT_MEMORY',
  'GPU_UNAVAILABLE',
  'GPU_FAILED',
  'NATIVE_LOAD_FAILED',
  'LIBRARY_CONFLICT',
  'NATIVE_ERROR',
  'NON_FINITE',
  'WORKER_CRASHED',
  'DATASET_UNREADABLE',
  'DATASET_CORRUPT',
  'JOURNAL_MISMATCH',
  'OUTPUT_UNWRITABLE',
  'DEPENDENCY_MISSING',
  'QUEUE_UNAVAILABLE',
  'JOB_STALLED',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * The one error class of this package. `code` is stable and meant for programs; `message` says what was expected, what was
 * found and what to do, and may change.
 */
export class RerankError extends Error {
  override readonly name = 'RerankError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
