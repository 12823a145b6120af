import { availableParallelism } from 'node:os';
import {
  boolean,
  type Check,
  callback,
  checkAll,
  checkText,
  fraction,
  hash,
  integer,
  invalid,
  milliseconds,
  number,
  oneOf,
  path,
  positive,
  read,
  signal,
  text,
  vectors,
} from './checks.js';
import { KERNELS, type Kernels } from './engine/addon.js';
import { RerankError } from './errors.js';
import type { Family, RerankRequest } from './family.js';
import type { EmbedOptions, LoadOptions, Progress, RerankOptions } from './types.js';

const MANY = Number.MAX_SAFE_INTEGER;

const LOAD_CHECKS: { [K in keyof Required<LoadOptions>]: Check<Required<LoadOptions>[K]> } = {
  head: path,
  download: oneOf('auto', 'never'),
  sha256: hash,
  onNotice: callback,
  pooling: oneOf('mean', 'cls', 'last'),
  queryPrefix: text,
  documentPrefix: text,
  lexical: fraction,
  gpu: oneOf('auto', 'cpu', 'metal', 'cuda', 'vulkan'),
  gpuLayers: integer(0, 10_000),
  threads: integer(1, 512),
  contextSize: integer(64, 1 << 24),
  ubatchSize: integer(16, 8192),
  flashAttention: boolean,
  mmap: boolean,
  isolate: boolean,
  kvCacheType: oneOf('f16', 'q8_0'),
  memoryBudget: positive,
  signal,
  onProgress: callback,
};

const accessor: Check<Accessor> = (value, name) => {
  if (typeof value !== 'function' && (typeof value !== 'string' || value === ''))
    throw invalid(name, 'a property name or a function', value);
  return value as Accessor;
};

const RERANK_CHECKS: { [K in keyof Required<RerankOptions>]: Check<unknown> } = {
  topN: integer(1, MANY),
  minScore: number,
  text: accessor,
  returnEmbeddings: boolean,
  documentEmbeddings: vectors,
  instruction: text,
  maxDocumentTokens: integer(1, MANY),
  maxQueryTokens: integer(1, MANY),
  blockSize: integer(1, MANY),
  overflow: oneOf('split', 'truncate', 'chunk', 'error'),
  signal,
  timeout: milliseconds,
  deadline: milliseconds,
  onProgress: callback,
};

const EMBED_CHECKS: { [K in keyof Required<EmbedOptions>]: Check<unknown> } = {
  text: accessor,
  signal,
  timeout: milliseconds,
  onProgress: callback,
};

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

/**
 * The most that the addon's kernels may use, from the environment: to compare, or to rule them out.
 *
 * @throws RerankError INVALID_ARGUMENT
 */
export function readKernels(value = process.env.LLAMA_RERANK_KERNELS): Kernels {
  return value ? oneOf(...KERNELS)(value, 'LLAMA_RERANK_KERNELS') : 'avx512';
}

/** What a family says about the options of a call. */
export type RequestRules = Pick<Family, 'defaults' | 'name' | 'options' | 'overflows'>;

/** Options that not every ranker has a use for. */
export const FAMILY_OPTIONS = ['instruction', 'returnEmbeddings', 'documentEmbeddings', 'deadline'] as const;

/** A call as every ranker takes it, checked and copied, so that what the caller changes afterwards has no effect. */
export interface Call {
  readonly query: string;
  readonly documents: readonly unknown[];
  readonly texts: readonly string[];
  readonly options: RerankOptions<unknown>;
}

/** @throws RerankError INVALID_ARGUMENT, INVALID_QUERY, TEXT_TOO_LARGE */
export function readCall(query: unknown, documents: unknown, options: unknown): Call {
  if (typeof query !== 'string') throw invalid('query', 'a string', query);
  if (query.trim() === '') throw new RerankError('INVALID_QUERY', 'query: expected some text, got an empty string');
  if (!Array.isArray(documents)) throw invalid('documents', 'an array', documents);
  const checked = checkAll<RerankOptions<unknown>>(options, RERANK_CHECKS, 'options');
  const { snapshot, texts } = readDocuments(documents, checked.text as Accessor);
  return { query: checkText(query, 'query'), documents: snapshot, texts, options: checked };
}

/**
 * Step 1: one call to a model of a family, with the defaults.
 *
 * @throws RerankError INVALID_ARGUMENT, INVALID_QUERY, TEXT_TOO_LARGE
 */
export function readRequest(
  query: unknown,
  documents: unknown,
  options: unknown,
  { defaults, name: family, options: known, overflows }: RequestRules,
): { request: RerankRequest; documents: readonly unknown[] } {
  const call = readCall(query, documents, options);
  const { options: checked, texts } = call;
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
  const given = checked.documentEmbeddings?.length;
  if (given !== undefined && given !== texts.length)
    throw invalid('options.documentEmbeddings', `${texts.length} vectors, one for each document`, given);
  const { text: _, topN, ...rest } = checked;
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
    query: call.query,
    topN: topN ?? MANY,
    texts,
  };
  return { request: Object.freeze(request), documents: call.documents };
}

/**
 * The texts of a call of `countTokens`.
 *
 * @throws RerankError INVALID_ARGUMENT, TEXT_TOO_LARGE
 */
export function readTexts(texts: unknown): string[] {
  if (!Array.isArray(texts))
    throw new RerankError('INVALID_ARGUMENT', `texts: expected an array of strings, got ${typeof texts}`);
  return Array.from(texts, (text, i) => checkText(text, `texts[${i}]`).normalize('NFC'));
}

/** A call for embeddings: texts, and what goes for every call. */
export interface EmbedRequest {
  readonly texts: readonly string[];
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/**
 * The same for a call of `embedDocuments`.
 *
 * @throws RerankError INVALID_ARGUMENT, TEXT_TOO_LARGE
 */
export function readEmbedRequest(documents: unknown, options: unknown): EmbedRequest {
  if (!Array.isArray(documents)) throw invalid('documents', 'an array', documents);
  const checked = checkAll<EmbedOptions>(options, EMBED_CHECKS, 'options');
  const { texts } = readDocuments(documents, checked.text as Accessor);
  return Object.freeze({ timeout: checked.timeout, signal: checked.signal, onProgress: checked.onProgress, texts });
}

function readDocuments(documents: unknown[], accessor: Accessor): { snapshot: unknown[]; texts: string[] } {
  const snapshot = Array.from({ length: documents.length }, (_, i) => read(() => documents[i], `documents[${i}]`));
  return { snapshot, texts: snapshot.map((document, i) => textOf(document, accessor, `documents[${i}]`)) };
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
