// @ts-check
/** @typedef {import('./api.js').Answer} Answer */
/** @typedef {import('./parse.js').Doc} Doc */
/** @typedef {{ query: string, documents: Doc[], topN: number | undefined, models: string[] }} Request */

/** What the page knows beyond what stands in its fields. Nothing of it is stored. */
export const state = {
  key: '',
  /** Cancels the run in progress. */
  running: /** @type {AbortController | undefined} */ (undefined),
  /** The last request, and its answers in the order of its models. */
  request: /** @type {Request | undefined} */ (undefined),
  answers: /** @type {Answer[]} */ ([]),
  order: /** @type {'score' | 'given'} */ ('score'),
};
