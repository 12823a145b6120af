import { expect, test } from 'vitest';
import { describe, exitCodeOf, InputError, Interrupted } from '../../src/cli/exit.js';
import { ERROR_CODES, type ErrorCode, RerankError } from '../../src/errors.js';

const CODES: Record<ErrorCode, number> = {
  INVALID_ARGUMENT: 2,
  INVALID_QUERY: 2,
  TEXT_TOO_LARGE: 2,
  CONTEXT_OVERFLOW: 2,
  TIMEOUT: 1,
  DISPOSED: 1,
  MODEL_UNKNOWN: 3,
  MODEL_NOT_FOUND: 3,
  MODEL_UNREADABLE: 3,
  MODEL_NOT_REGULAR: 3,
  MODEL_BAD_MAGIC: 3,
  MODEL_BAD_VERSION: 3,
  MODEL_TRUNCATED: 3,
  MODEL_CORRUPT: 3,
  MODEL_UNSUPPORTED_TYPE: 3,
  MODEL_UNSUPPORTED_SPLIT: 3,
  MODEL_BAD_HPARAM: 3,
  MODEL_CHANGED: 3,
  MODEL_HASH_MISMATCH: 3,
  MODEL_LOAD_FAILED: 3,
  MODEL_UNSUPPORTED_ARCH: 3,
  MODEL_NOT_A_RERANKER: 3,
  MODEL_BAD_VOCAB: 3,
  PROJECTOR_NOT_FOUND: 3,
  PROJECTOR_CORRUPT: 3,
  PROJECTOR_MISMATCH: 3,
  OFFLINE: 3,
  DOWNLOAD_FAILED: 3,
  DOWNLOAD_GATED: 3,
  DOWNLOAD_CORRUPT: 3,
  DISK_FULL: 3,
  CACHE_UNWRITABLE: 3,
  INSUFFICIENT_MEMORY: 3,
  GPU_UNAVAILABLE: 3,
  GPU_FAILED: 1,
  NATIVE_LOAD_FAILED: 3,
  LIBRARY_CONFLICT: 3,
  NATIVE_ERROR: 1,
  NON_FINITE: 1,
  WORKER_CRASHED: 1,
  DATASET_UNREADABLE: 2,
  DATASET_CORRUPT: 2,
  JOURNAL_MISMATCH: 2,
  OUTPUT_UNWRITABLE: 1,
  DEPENDENCY_MISSING: 1,
  QUEUE_UNAVAILABLE: 1,
  JOB_STALLED: 1,
  INTERNAL: 1,
};

test.each(ERROR_CODES)('%s has its exit code', (code) => {
  expect(exitCodeOf(new RerankError(code, 'x'))).toBe(CODES[code]);
});

test('input, interruption, a reader that went away, and anything else', () => {
  expect(exitCodeOf(new InputError('x'))).toBe(2);
  expect(exitCodeOf(new Interrupted('x'))).toBe(130);
  expect(exitCodeOf(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe(0);
  expect(exitCodeOf(Object.assign(new Error('disk full'), { code: 'ENOSPC' }))).toBe(1);
  expect(exitCodeOf(new TypeError('a bug'))).toBe(1);
  expect(exitCodeOf('a string')).toBe(1);
});

test('one line for people, the stack for --debug, nothing for Ctrl-C', () => {
  const error = new RerankError('TIMEOUT', 'not ready after 3 s', { cause: new Error('the cause') });
  expect(describe(error, false)).toBe('llama-rerank: not ready after 3 s (TIMEOUT)\n');
  expect(describe(error, true)).toMatch(/^llama-rerank: not ready after 3 s \(TIMEOUT\)\n.*exit\.test\.ts.*the cause/s);
  expect(describe(new TypeError('a bug'), false)).toBe('llama-rerank: a bug\n');
  expect(describe(new Interrupted('x'), true)).toBe('');
  expect(describe(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), false)).toBe('');
});
