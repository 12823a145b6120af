// @ts-check
// A parent of an isolated reranker: isolated-parent.mjs STATE WAY. Says so when it is in the state, then leaves once stdin ends.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Reranker } from '../../../dist/index.js';

const [state = '', way = ''] = isMainThread ? process.argv.slice(2) : workerData;
const OPTIONS = /** @type {const} */ ({ gpu: 'cpu', threads: 1, isolate: true });

/** Resolves when the state is reached; nobody waits for the calls that make it last. */
async function reach() {
  if (state === 'loading') {
    await new Promise((begun) => void Reranker.load(undefined, { ...OPTIONS, onProgress: begun }).catch(() => {}));
    return;
  }
  const reranker = await Reranker.load(undefined, OPTIONS);
  if (state !== 'running') return;
  const documents = Array.from({ length: 3000 }, (_, i) => `document ${i} ${'of many words '.repeat(12)}`);
  await new Promise((begun) => void reranker.rerank('which one?', documents, { onProgress: begun }).catch(() => {}));
}

if (state === 'in a worker thread' && isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: [state, way] });
  const [message] = await once(worker, 'message');
  await leave(message);
  worker.postMessage('leave');
} else {
  await reach();
  if (isMainThread) await leave('reached');
  parentPort?.postMessage('reached');
  if (parentPort) await once(parentPort, 'message');
}

/** @param {string} message */
async function leave(message) {
  process.stdout.write(`${message}\n`);
  await once(process.stdin.resume(), 'end');
  if (way === 'process.exit') process.exit(3);
  if (way === 'throw') throw new Error('on purpose');
  if (way === 'SIGKILL') setInterval(() => {}, 1000);
}
