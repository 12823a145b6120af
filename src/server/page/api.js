// @ts-check
/** Talks to the server that this page came from. */
import { Failure, failureOf, passes } from './failure.js';

/** @typedef {{ queue: number, tokens: number, states: number, score: number, total: number }} Milliseconds */
/**
 * @typedef {object} Result
 * @property {number} index
 * @property {number} relevance_score
 * @property {boolean} truncated
 * @property {number} [logit]
 * @property {{ index: number, count: number }} [chunk]
 * @property {{ cosine: number, bm25: number }} [parts]
 */
/**
 * @typedef {object} Answer
 * @property {string} model
 * @property {{ total_tokens: number }} usage
 * @property {Result[]} results
 * @property {{ score_kind: 'cosine' | 'probability' | 'blend', query_truncated: boolean, overflow: string, blocks: number,
 *   milliseconds: Milliseconds, tokens: { total: number, reused: number } }} details
 */

/** @param {string} path */
export const addressOf = (path) => new URL(path, document.baseURI).href;

/**
 * @param {string} path
 * @param {{ key: string, body?: unknown, signal?: AbortSignal }} options
 */
async function ask(path, { key, body, signal }) {
  /** @type {Response} */
  let response;
  let text = '';
  try {
    response = await fetch(addressOf(path), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(key ? { Authorization: `Bearer ${key}` } : {}),
      },
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    text = await response.text();
  } catch {
    signal?.throwIfAborted();
    throw new Failure('The connection failed before an answer came.', { status: 0, code: 'NO_ANSWER' });
  }
  if (!response.ok) throw failureOf(response.status, text, response.headers.get('Retry-After'));
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure('The answer is not JSON.', { status: response.status, code: 'BAD_ANSWER' });
  }
}

/**
 * @param {string} key
 * @returns {Promise<string[]>} names of the models
 */
export async function listModels(key) {
  const { data } = await ask('v1/models', { key });
  return data.map((/** @type {{ id: string }} */ model) => model.id);
}

/** @typedef {{ model: string, query: string, documents: readonly string[], topN: number | undefined }} Call */

/** @param {Call} call */
export function bodyOf({ model, query, documents, topN }) {
  return { model, query, documents, ...(topN ? { top_n: topN } : {}), return_documents: false, details: true };
}

/**
 * @param {Call} call
 * @param {{ key: string, signal: AbortSignal }} options
 * @returns {Promise<Answer>}
 */
export async function rerank(call, options) {
  const answer = await ask('v1/rerank', { ...options, body: bodyOf(call) });
  if (Array.isArray(answer?.results) && answer.details) return answer;
  throw new Failure('The answer lacks results or details: another server answered.', { status: 200, code: 'BAD_ANSWER' });
}

/**
 * Asks again while the server starts.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {{ onWait: (waiting: boolean) => void, signal?: AbortSignal | undefined }} options
 * @returns {Promise<T>}
 */
export async function patiently(ask, { onWait, signal }) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== 503 || !passes(error)) throw error;
      onWait(true);
      await pause(1000 * Math.min(error.retryAfter ?? 2, 10), signal);
      onWait(false);
      signal?.throwIfAborted();
    }
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal] ends it early
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', resolve, { once: true });
  });
}
