import type { ModelFamily, Usage } from '../types.js';

/** How much of the earlier calls still counts after one more. */
const MEMORY = 0.7;

/** Tokens around a document, and around a listwise prompt besides the query, which stands in it twice. About right is enough. */
const AROUND_DOCUMENT = 8;
const AROUND_LIST = 150;

/** Milliseconds a token takes, as measured on this reranker's calls: the sums of both fade with each call. */
export class Pace {
  #milliseconds = 0;
  #tokens = 0;

  /** Undefined before the first measurement. */
  get millisecondsPerToken(): number | undefined {
    return this.#tokens > 0 ? this.#milliseconds / this.#tokens : undefined;
  }

  /** Learns from a call that was done. Waiting for others, and what was still there from an earlier call, do not count. */
  learn({ totalTokens, reusedTokens, milliseconds }: Usage): void {
    const computed = totalTokens - reusedTokens;
    if (computed <= 0) return;
    this.#milliseconds = MEMORY * this.#milliseconds + milliseconds.total - milliseconds.queue;
    this.#tokens = MEMORY * this.#tokens + computed;
  }

  /** Learns from a call that was stopped: it would have taken longer than that, here twice as long. */
  learnStopped(tokens: number, milliseconds: number): void {
    const least = (2 * milliseconds) / tokens;
    if ((this.millisecondsPerToken ?? 0) >= least) return;
    this.#milliseconds = 2 * milliseconds;
    this.#tokens = tokens;
  }
}

/** Tokens that calls of a stage will compute, near enough. */
export interface Estimate {
  /** Of each call, whatever its documents. */
  readonly call: number;
  readonly documents: readonly number[];
}

/** @param counts tokens of the query and of each document on its own */
export function estimate(family: ModelFamily, counts: readonly number[], maxDocumentTokens: number): Estimate {
  const [query = 0, ...documents] = counts;
  const each = AROUND_DOCUMENT + (family === 'pairwise' ? query : 0);
  const call = family === 'listwise' ? AROUND_LIST + 2 * query : family === 'similarity' ? query : 0;
  return { call, documents: documents.map((tokens) => Math.min(tokens, maxDocumentTokens) + each) };
}

/** How many of the documents, from `begin` on, one call can score in that time. */
export function fitting(
  { call, documents }: Estimate,
  begin: number,
  millisecondsPerToken: number,
  milliseconds: number,
): number {
  let left = milliseconds / millisecondsPerToken - call;
  let end = begin;
  while (end < documents.length && left >= (documents[end] as number)) {
    left -= documents[end] as number;
    end++;
  }
  return end - begin;
}

export function tokensOf({ call, documents }: Estimate, begin: number, end: number): number {
  return documents.slice(begin, end).reduce((sum, tokens) => sum + tokens, call);
}
