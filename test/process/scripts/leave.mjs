// @ts-check
// Brings a reranker into a state, then leaves the process: leave.mjs WAY STATE MODEL MAIN_MODEL
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Reranker } from '../../../dist/index.js';

const OPTIONS = /** @type {const} */ ({ gpu: 'cpu', threads: 1 });
const QUERY = 'how do bees make honey?';
/** Enough for several batches. */
const DOCUMENTS = Array.from({ length: 30 }, (_, i) => `document ${i} ${'of many words '.repeat(12)}`);

/** @param {string} line */
const say = (line) => writeSync(1, `${line}\n`);

/** Resolves when the state is reached; nobody waits for the calls that make it last. @param {string} state @param {string} model */
async function reach(state, model) {
  if (state === 'loading') {
    await new Promise((begun) => {
      Reranker.load(model, { ...OPTIONS, onProgress: begun }).then(() => say('loaded'));
    });
    return;
  }
  const reranker = await Reranker.load(model, OPTIONS);
  if (state === 'idle') return;
  await new Promise((begun) => {
    reranker.rerank(QUERY, DOCUMENTS, { onProgress: begun }).then(({ results }) => say(`ranked ${results.length}`));
  });
  if (state === 'queued') reranker.rerank(QUERY, DOCUMENTS).then(({ results }) => say(`ranked ${results.length}`));
}

/** @type {Record<string, () => void>} */
const LEAVE = {
  'natural end': () => {},
  'process.exit': () => process.exit(3),
  // What runs when JavaScript's exit event does not.
  'exit without JavaScript': () => /** @type {any} */ (process).reallyExit(3),
  throw: () =>
    setImmediate(() => {
      throw new Error('on purpose');
    }),
  rejection: () => void Promise.reject(new Error('on purpose')),
};

const [way = '', state = '', model = '', mainModel = ''] = isMainThread ? process.argv.slice(2) : workerData;
if (!isMainThread) {
  await reach(state, model);
  parentPort?.postMessage('reached');
  setInterval(() => {}, 1000);
} else if (way === 'worker terminated') {
  const reranker = await Reranker.load(mainModel, OPTIONS);
  const before = await reranker.rerank(QUERY, DOCUMENTS.slice(0, 3));
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv.slice(2) });
  await once(worker, 'message');
  say('leaving');
  await worker.terminate();
  const after = await reranker.rerank(QUERY, DOCUMENTS.slice(0, 3));
  assert.deepEqual(after.results, before.results);
  say('the main thread goes on');
} else {
  await reach(state, model);
  say('leaving');
  LEAVE[way]?.();
}
