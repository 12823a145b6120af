import { inspect } from 'node:util';

/** Exit codes; `docs/cli.md` documents them. */
export const EXIT = { ok: 0, failure: 1, usage: 2, model: 3, incomplete: 4, interrupted: 130 } as const;

/** Input that cannot be read: a missing file, a line that is not JSON. The message names the place. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code = 'INVALID_INPUT';
}

/** Scores that are not those that were published. */
export class WrongScores extends Error {
  override readonly name = 'WrongScores';
  readonly code = 'WRONG_SCORES';
}

/** An installation in which something does not work. */
export class Unhealthy extends Error {
  override readonly name = 'Unhealthy';
  readonly code = 'UNHEALTHY';
}

/** Jobs that have no results, while all others have. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete';
  readonly code = 'INCOMPLETE';
}

/** Reason of the abort signal after Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly code = 'INTERRUPTED';
}

const INPUT_CODES = new Set([
  'INVALID_INPUT',
  'INVALID_ARGUMENT',
  'INVALID_QUERY',
  'TEXT_TOO_LARGE',
  'CONTEXT_OVERFLOW',
  'DATASET_UNREADABLE',
  'DATASET_CORRUPT',
  'JOURNAL_MISMATCH',
]);
const MODEL_CODES = new Set([
  'GPU_UNAVAILABLE',
  'NATIVE_LOAD_FAILED',
  'LIBRARY_CONFLICT',
  'INSUFFICIENT_MEMORY',
  'OFFLINE',
  'DISK_FULL',
  'CACHE_UNWRITABLE',
]);
const MODEL_KINDS = /^(MODEL|PROJECTOR|DOWNLOAD)_/;

/** The exit code for an error that a command threw. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  if (code === 'EPIPE') return EXIT.ok;
  if (code === 'INTERRUPTED') return EXIT.interrupted;
  if (code === 'INCOMPLETE') return EXIT.incomplete;
  if (INPUT_CODES.has(code)) return EXIT.usage;
  if (MODEL_CODES.has(code) || MODEL_KINDS.test(code)) return EXIT.model;
  return EXIT.failure;
}

/** What to say about an error on stderr; empty for those that need no words. */
export function describe(error: unknown, debug: boolean): string {
  const code = codeOf(error);
  if (code === 'EPIPE' || code === 'INTERRUPTED') return '';
  const message = error instanceof Error ? error.message : String(error);
  const line = `llama-rerank: ${message.trimEnd()}${code === '' ? '' : ` (${code})`}\n`;
  return debug ? `${line}${inspect(error)}\n` : line;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
