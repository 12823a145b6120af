// @ts-check
// Worker threads in turn: workers.mjs beside | alone | busy
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const mode = isMainThread ? process.argv[2] : workerData.mode;

async function load() {
  const { Reranker } = await import('../../../dist/index.js');
  return await Reranker.load(undefined, { gpu: 'cpu', threads: 1 });
}

/** @param {Awaited<ReturnType<typeof load>>} reranker */
async function rank(reranker) {
  return (await reranker.rerank('how do bees make honey?', ['A train.', 'Bees collect nectar.', ''])).results;
}

/** @param {number} number */
function start(number) {
  return new Worker(new URL(import.meta.url), { workerData: { mode, number } });
}

/** A worker thread that ends in one of four ways. */
async function inTurn() {
  const reranker = await load();
  parentPort?.postMessage(await rank(reranker));
  if (workerData.number % 4 === 1) process.exit(1);
  if (workerData.number % 4 === 2) await reranker.dispose();
  if (workerData.number % 4 === 3) setInterval(() => {}, 1000);
}

/** Calls the addon without pause, so that a termination comes in the middle of a call. */
async function busy() {
  const { openLibrary } = await import('../../../dist/engine/library.js');
  const { addon } = await openLibrary('cpu');
  const model = new addon.Model('none', { gpuLayers: 0, useGpu: false, mmap: false }, null);
  parentPort?.postMessage('busy');
  for (;;) {
    addon.devices();
    try {
      new addon.Context(model, /** @type {any} */ ({}));
    } catch {}
  }
}

if (!isMainThread) {
  await (mode === 'busy' ? busy() : inTurn());
} else if (mode === 'busy') {
  for (let i = 0; i < 60; i++) {
    const worker = start(i);
    await once(worker, 'message');
    await setTimeout(Math.random() * 3);
    await worker.terminate();
  }
} else {
  const own = mode === 'beside' ? await load() : undefined;
  const expected = own && (await rank(own));
  let first;
  for (let i = 0; i < 10; i++) {
    const worker = start(i);
    // At once, since the last message and the exit may come in the same turn.
    const exit = once(worker, 'exit');
    const [results] = await once(worker, 'message');
    first ??= results;
    assert.deepEqual(results, expected ?? first);
    if (i % 4 === 3) worker.terminate();
    await exit;
    if (own) assert.deepEqual(await rank(own), expected);
  }
  // llama.cpp keeps pointers to the addon's functions, so it must not go with the last worker.
  if (process.platform === 'linux') assert.match(readFileSync('/proc/self/maps', 'utf8'), /llama_rerank\.node/);
}
if (isMainThread) console.log('done');
