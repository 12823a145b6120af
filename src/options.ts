import { availableParallelism } from 'node:os';
import { RerankError } from './errors.js';
import type { Family, RerankRequest } from './family.js';
import type { LoadOptions, RerankOptions } from './types.js';

/** Bytes of one text. Tokenizing more takes seconds, and no reranker reads as much. */
const MAX_TEXT_BYTES = 1 << 20;

function invalid(what: string, expected: string, got: unknown): RerankError {
  return new RerankError('INVALID_ARGUMENT', `${what}: expected ${expected}, got ${show(got)}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

type Check<T> = (value: unknown, name: string) => T;

const integer =
  (low: number, high: number): Check<number> =>
  (value, name) => {
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) {
      throw invalid(name, `an integer from ${low} to ${high}`, value);
    }
    return value as number;
  };

const number: Check<number> = (value, name) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(name, 'a finite number', value);
  return value;
};

const positive: Check<number> = (value, name) => {
  if (typeof value !== 'number' || !(value > 0) || value === Number.POSITIVE_INFINITY)
    throw invalid(name, 'a number above 0', value);
  return value;
};

/** Timers take no more. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

const milliseconds: Check<number> = (value, name) => {
  if (typeof value !== 'number' || !(value > 0) || value > MAX_MILLISECONDS) {
    throw invalid(name, `milliseconds above 0, at most ${MAX_MILLISECONDS}`, value);
  }
  return value;
};

const boolean: Check<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw invalid(name, 'true or false', value);
  return value;
};

const oneOf =
  <T extends string>(...allowed: T[]): Check<T> =>
  (value, name) => {
    if (!(allowed as unknown[]).includes(value)) throw invalid(name, allowed.map((v) => `'${v}'`).join(' or '), value);
    return value as T;
  };

const callback: Check<never> = (value, name) => {
  if (typeof value !== 'function') throw invalid(name, 'a function', value);
  return value as never;
};

const signal: Check<AbortSignal> = (value, name) => {
  if (!(value instanceof AbortSignal)) throw invalid(name, 'an AbortSignal', value);
  return value;
};

const path: Check<string> = (value, name) => {
  if (typeof value !== 'string' || value === '') throw invalid(name, 'a file path', value);
  return value;
};

const hash: Check<string> = (value, name) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/i.test(value)) throw invalid(name, '64 hexadecimal digits', value);
  return value.toLowerCase();
};

const MANY = Number.MAX_SAFE_INTEGER;

const LOAD_CHECKS: { [K in keyof Required<LoadOptions>]: Check<Required<LoadOptions>[K]> } = {
  head: path,
  download: oneOf('auto', 'never'),
  sha256: hash,
  onNotice: callback,
  gpu: oneOf('auto', 'cpu', 'metal', 'cuda', 'vulkan'),
  gpuLayers: integer(0, 10_000),
  threads: integer(1, 512),
  contextSize: integer(64, 1 << 24),
  ubatchSize: integer(16, 8192),
  flashAttention: boolean,
  mmap: boolean,
  kvCacheType: oneOf('f16', 'q8_0'),
  memoryBudget: positive,
  signal,
  onProgress: callback,
};

const vectors: Check<readonly Float32Array[]> = (value, name) => {
  if (!Array.isArray(value)) throw invalid(name, 'an array of Float32Array', value);
  const wrong = value.findIndex((vector) => !(vector instanceof Float32Array) || vector.length !== value[0].length);
  if (wrong >= 0) throw invalid(`${name}[${wrong}]`, 'a Float32Array as long as the first', value[wrong]);
  return value;
};

const text: Check<string> = (value, name) => checkText(value, name);

const RERANK_CHECKS: { [K in keyof Required<RerankOptions>]: Check<unknown> } = {
  topN: integer(1, MANY),
  minScore: number,
  text: (value, name) => {
    if (typeof value !== 'function' && (typeof value !== 'string' || value === ''))
      throw invalid(name, 'a property name or a function', value);
    return value;
  },
  returnEmbeddings: boolean,
  documentEmbeddings: vectors,
  instruction: text,
  maxDocumentTokens: integer(1, MANY),
  maxQueryTokens: integer(1, MANY),
  blockSize: integer(1, MANY),
  overflow: oneOf('split', 'truncate', 'chunk', 'error'),
  signal,
  timeout: milliseconds,
  onProgress: callback,
};

/** Each option checked once; unknown names are refused, since they are mostly slips. */
function checkAll<T extends object>(options: unknown, checks: Record<string, Check<unknown>>, name: string): T {
  if (typeof options !== 'object' || options === null) throw invalid(name, 'an object', options);
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (!check)
      throw new RerankError('INVALID_ARGUMENT', `${name}.${key}: unknown option; known are ${Object.keys(checks).join(', ')}`);
    if (value !== undefined) result[key] = check(value, `${name}.${key}`);
  }
  return result as T;
}

/** A text that tokenizers can take: a string, lone surrogates replaced, at most 1 MiB of UTF-8. */
export function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(name, 'a string', value);
  // The length in UTF-16 units bounds the bytes from both sides, so most texts need no count.
  if (value.length > MAX_TEXT_BYTES || (value.length > MAX_TEXT_BYTES / 3 && Buffer.byteLength(value) > MAX_TEXT_BYTES)) {
    throw new RerankError(
      'TEXT_TOO_LARGE',
      `${name}: expected at most ${MAX_TEXT_BYTES} bytes, got ${Buffer.byteLength(value)}. Pass the part that matters`,
    );
  }
  return value.toWellFormed();
}

/** Options of `Reranker.load`, with the defaults that do not depend on the model. */
export function readLoadOptions(options: LoadOptions) {
  const checked = checkAll<LoadOptions>(options, LOAD_CHECKS as Record<string, Check<unknown>>, 'options');
  if (checked.kvCacheType === 'q8_0' && checked.flashAttention === false) {
    throw invalid('options.kvCacheType', "'f16' without flash attention", checked.kvCacheType);
  }
  return {
    gpu: 'auto' as const,
    gpuLayers: 10_000,
    threads: Math.min(availableParallelism(), 16),
    ubatchSize: 512,
    flashAttention: true,
    mmap: false,
    kvCacheType: 'f16' as const,
    ...checked,
  };
}

/** What a family says about the options of a call. */
export type RequestRules = Pick<Family, 'defaults' | 'name' | 'options' | 'overflows'>;

const FAMILY_OPTIONS = ['instruction', 'returnEmbeddings', 'documentEmbeddings'] as const;

/**
 * Step 1: one call, checked and copied, so that what the caller changes afterwards has no effect.
 *
 * @throws RerankError INVALID_ARGUMENT, INVALID_QUERY, TEXT_TOO_LARGE
 */
export function readRequest(
  query: unknown,
  documents: unknown,
  options: unknown,
  { defaults, name: family, options: known, overflows }: RequestRules,
): { request: RerankRequest; documents: unknown[] } {
  if (typeof query !== 'string') throw invalid('query', 'a string', query);
  if (query.trim() === '') throw new RerankError('INVALID_QUERY', 'query: expected some text, got an empty string');
  if (!Array.isArray(documents)) throw invalid('documents', 'an array', documents);
  const checked = checkAll<RerankOptions>(options, RERANK_CHECKS, 'options');
  for (const option of FAMILY_OPTIONS) {
    if (checked[option] && !known.includes(option))
      throw new RerankError('INVALID_ARGUMENT', `options.${option}: a ${family} model has no use for it`);
  }
  if (checked.overflow !== undefined && !overflows.includes(checked.overflow))
    throw invalid(
      'options.overflow',
      `${overflows.map((how) => `'${how}'`).join(' or ')} for a ${family} model`,
      checked.overflow,
    );
  const snapshot = Array.from({ length: documents.length }, (_, i) => read(() => documents[i], `documents[${i}]`));
  const { text: accessor, topN, ...rest } = checked;
  const request: RerankRequest = {
    minScore: undefined,
    returnEmbeddings: false,
    instruction: '',
    documentEmbeddings: undefined,
    timeout: undefined,
    signal: undefined,
    onProgress: undefined,
    ...defaults,
    ...rest,
    query: checkText(query, 'query'),
    topN: topN ?? MANY,
    texts: snapshot.map((document, i) => textOf(document, accessor as Accessor, `documents[${i}]`)),
  };
  return { request: Object.freeze(request), documents: snapshot };
}

type Accessor = string | ((document: unknown) => unknown) | undefined;

function textOf(document: unknown, accessor: Accessor, name: string): string {
  if (typeof accessor === 'function')
    return checkText(
      read(() => accessor(document), `text(${name})`),
      `text(${name})`,
    );
  if (typeof document === 'string') return checkText(document, name);
  if (typeof document !== 'object' || document === null) throw invalid(name, 'a string or an object with a text', document);
  const key = accessor ?? 'text';
  const value = read(() => (document as Record<string, unknown>)[key], `${name}.${key}`);
  if (value === undefined) {
    throw new RerankError(
      'INVALID_ARGUMENT',
      `${name}: expected a string in its property '${key}', found none. Name the property or a function with the option text`,
    );
  }
  return checkText(value, `${name}.${key}`);
}

/** Getters and proxies may throw. */
function read<T>(get: () => T, name: string): T {
  try {
    return get();
  } catch (cause) {
    throw new RerankError(
      'INVALID_ARGUMENT',
      `${name}: reading it threw ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
