import { ERROR_CODES, type ErrorCode, RerankError } from '../errors.js';
import type { RerankRequest } from '../family.js';
import type { RequestRules } from '../options.js';
import type { LoadOptions, ModelInfo, Progress, RerankResponse, ScoreKind } from '../types.js';
import type { PackedVectors } from './vectors.js';

/** What the child says about a loaded model: all that the parent needs to check calls as a model in its own process would. */
export interface Loaded {
  readonly model: ModelInfo;
  readonly scoreKind: ScoreKind;
  readonly rules: RequestRules & { readonly embeddings: boolean };
}

/** A checked call. Its texts come first, in `texts` messages; signal, time and callbacks stay with the parent. */
export type WireRequest = Omit<RerankRequest, 'query' | 'texts' | 'documentEmbeddings' | 'timeout' | 'signal' | 'onProgress'> & {
  readonly documentEmbeddings: PackedVectors | undefined;
};

export type WireLoadOptions = Omit<LoadOptions, 'signal' | 'onProgress' | 'onNotice' | 'isolate'>;

/** What is asked of the child, and what it answers to each. */
export interface Calls {
  load: {
    ask: { readonly model: string | undefined; readonly options: WireLoadOptions; readonly logLevel: 0 | 1 | 2 | 3 | 4 };
    answer: Loaded;
  };
  rerank: { ask: { readonly query: string; readonly request: WireRequest }; answer: RerankResponse<undefined> };
  embed: { ask: object; answer: PackedVectors };
  count: { ask: object; answer: number[] };
}

type Ask = {
  [K in keyof Calls]: { readonly type: K; readonly id: number; readonly progress: boolean } & Calls[K]['ask'];
}[keyof Calls];

export type ToChild =
  | Ask
  /** Some of the texts of the call `id`, which follows. */
  | { readonly type: 'texts'; readonly id: number; readonly texts: readonly string[] }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'end' };

export type FromChild =
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'notice'; readonly notice: string };

export interface WireError {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
}

export function packError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', code: undefined, message: String(error), stack: undefined };
  const { name, message, stack } = error;
  const code = 'code' in error ? String(error.code) : undefined;
  return { name, code, message, stack };
}

/** The error again. Its `cause` has the child's stack. */
export function unpackError({ name, code, message, stack }: WireError): Error {
  const cause = Object.assign(new Error(message), { name, ...(stack === undefined ? {} : { stack }) });
  if (name === 'RerankError' && (ERROR_CODES as readonly (string | undefined)[]).includes(code))
    return new RerankError(code as ErrorCode, message, { cause });
  return Object.assign(cause, code === undefined ? {} : { code });
}

/** UTF-16 units in one message, and so about the longest that the event loop waits for one. */
const SLICE = 1 << 18;

/** Texts in slices that take little time to send; a long text is one by itself. */
export function* slices(texts: readonly string[]): Generator<readonly string[]> {
  let begin = 0;
  let size = 0;
  for (const [i, text] of texts.entries()) {
    size += text.length;
    if (size < SLICE) continue;
    yield texts.slice(begin, i + 1);
    begin = i + 1;
    size = 0;
  }
  if (begin < texts.length) yield texts.slice(begin);
}
