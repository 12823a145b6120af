import { concat, type Sequence } from '../batches.js';
import { RerankError } from '../errors.js';
import type { Plan, RerankRequest } from '../family.js';
import { mapInTurns } from '../turns.js';
import { windowsOf } from './windows.js';

/** How a query and a document become one sequence: `prefix query between document suffix`. */
export interface PairForm {
  readonly prefix: readonly number[];
  readonly between: readonly number[];
  readonly suffix: readonly number[];
  /** From the document's first token on, tokens have type 1; without it there are no types. */
  readonly typed: boolean;
}

/** What a list of pairs was cut to. */
export interface FittedPairs extends Pick<Plan, 'queryTokens' | 'queryTruncated' | 'truncated'> {
  readonly sequences: readonly Sequence[];
  /** For each document, its sequences: one, or its windows. */
  readonly windows: readonly (readonly number[])[];
}

function specialTokens({ prefix, between, suffix }: PairForm): number {
  return prefix.length + between.length + suffix.length;
}

/** Tokens of a query unless the call says otherwise: half of a pair, and at most these. */
const MOST_QUERY_TOKENS = 512;

/** Limits of a model, as far as calls do not set their own. */
export function defaultLimits(form: PairForm, maxTokens: number): Pick<RerankRequest, 'maxQueryTokens' | 'maxDocumentTokens'> {
  return {
    maxQueryTokens: Math.max(Math.min(MOST_QUERY_TOKENS, Math.floor(maxTokens / 2)), 1),
    maxDocumentTokens: maxTokens - specialTokens(form),
  };
}

/**
 * Cuts a list of pairs to `maxTokens`: the query keeps its first tokens, at most three quarters of what there is for both, then each
 * document its first ones, as many as there is room for. With `chunk` each document is read in overlapping windows instead.
 *
 * @param maxTokens of one pair, special ones included
 * @throws RerankError CONTEXT_OVERFLOW with `error`, where something would be cut
 */
export async function fitPairs(
  query: Int32Array,
  documents: readonly Int32Array[],
  form: PairForm,
  maxTokens: number,
  request: Pick<RerankRequest, 'maxQueryTokens' | 'maxDocumentTokens' | 'overflow'>,
  signal?: AbortSignal,
): Promise<FittedPairs> {
  const { overflow } = request;
  const both = maxTokens - specialTokens(form);
  const kept = query.subarray(0, Math.min(request.maxQueryTokens, Math.max(Math.floor((both * 3) / 4), 1)));
  const room = Math.max(Math.min(request.maxDocumentTokens, both - kept.length), 1);
  if (overflow === 'error') {
    expectFit('the query', query.length, kept.length);
    documents.forEach((document, i) => {
      expectFit(`documents[${i}]`, document.length, room);
    });
  }
  const before = concat([form.prefix, kept, form.between]);
  const sequences: Sequence[] = [];
  const read = (document: Int32Array): number[] => {
    const parts = overflow === 'chunk' ? windowsOf(document.length, room) : [[0, room] as const];
    return parts.map(([begin, end]) => sequences.push(toSequence(form, before, document.subarray(begin, end))) - 1);
  };
  return {
    windows: await mapInTurns(documents, read, signal),
    sequences,
    queryTokens: kept.length,
    queryTruncated: kept.length < query.length,
    truncated: documents.map((document) => overflow !== 'chunk' && document.length > room),
  };
}

/** @throws RerankError CONTEXT_OVERFLOW */
export function expectFit(what: string, tokens: number, limit: number): void {
  if (tokens <= limit) return;
  throw new RerankError(
    'CONTEXT_OVERFLOW',
    `${what} has ${tokens} tokens, and ${limit} fit. Use overflow 'truncate' or 'chunk', or raise contextSize`,
  );
}

function toSequence(form: PairForm, before: Int32Array, document: Int32Array): Sequence {
  const tokens = concat([before, document, form.suffix]);
  return form.typed ? { tokens, types: new Uint8Array(tokens.length).fill(1, before.length) } : { tokens };
}
