// @ts-check
/**
 * What the queue costs a job, with an engine that returns at once: node bench/queue.mjs [jobs] [documents] [characters]
 * Starts a redis-server of its own, with its append-only file on; this process puts jobs in, a worker in a thread of its own takes them.
 * Prints jobs a second, and the bytes that a job takes in Redis while it waits and when it is done.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { bulk, jsonLines, localEngine, queueEngine, startWorker } from '../dist/bulk/index.js';

const identity = { digest: 'none', label: 'none' };
const usage = { totalTokens: 0, queryTruncated: false };
/** Answers at once. */
const ranker = {
  /**
   * @param {string} _
   * @param {{ text: string }[]} documents
   */
  rerank: async (_, documents) =>
    /** @type {any} */ ({
      results: documents.map((document, index) => ({ index, relevanceScore: 1 / (index + 3), document, truncated: false })),
      usage,
    }),
};

async function main() {
  const [count = 20_000, documents = 10, characters = 200] = process.argv.slice(2).map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'bench-queue-'));
  const port = await freePort();
  const redis = `redis://127.0.0.1:${port}`;
  const options = ['--appendonly', 'yes', '--save', '', '--dir', folder];
  const server = spawn('redis-server', ['--port', String(port), ...options], { stdio: 'ignore' });
  try {
    await setTimeout(1000);
    const file = join(folder, 'jobs.jsonl');
    const text = 'x'.repeat(characters);
    const lines = Array.from({ length: count }, (_, id) =>
      JSON.stringify({ id, query: `query ${id}`, documents: Array(documents).fill(text) }),
    );
    writeFileSync(file, lines.join('\n'));
    const input = jsonLines(file);
    /** @param {import('../dist/bulk/index.js').Engine} engine */
    const run = async (engine) => {
      const { milliseconds } = await bulk(input, {
        identity,
        engine,
        journal: join(folder, 'journal'),
        output: join(folder, 'out'),
      });
      return milliseconds;
    };
    const local = await run(localEngine(ranker));

    const stop = new AbortController();
    const before = await memory(redis);
    const filling = bulk(input, {
      identity,
      engine: queueEngine({ redis, identity }),
      journal: join(folder, 'other'),
      output: join(folder, 'none'),
      signal: stop.signal,
    });
    filling.catch(() => {});
    const waiting = await settled(redis, 'wait');
    const full = await memory(redis);
    stop.abort(new Error('measured'));
    await filling.catch(() => {});
    const worker = new Worker(new URL(import.meta.url), { workerData: { redis } });
    await once(worker, 'message');
    const finished = await settled(redis, 'completed');
    const ended = await memory(redis);
    const queued = await run(queueEngine({ redis, identity }));
    worker.postMessage('end');
    await once(worker, 'exit');

    const bytes = documents * characters;
    console.log(`${count} jobs of ${documents} documents of ${characters} characters (${bytes} bytes of text a job)`);
    console.log(`in this process: ${Math.round((count / local) * 1000)} jobs/s`);
    console.log(`through Redis:   ${Math.round((count / queued) * 1000)} jobs/s, ${(queued / count).toFixed(2)} ms a job`);
    console.log(`in Redis: ${Math.round((full - before) / waiting)} bytes a job that waits (${waiting} jobs)`);
    console.log(
      `          ${Math.round((ended - before) / finished)} bytes a job that is done, with its events (${finished} jobs)`,
    );
  } finally {
    server.kill();
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Jobs in a state, once there come no more.
 * @param {string} redis
 * @param {'wait' | 'completed'} state
 */
async function settled(redis, state) {
  const queue = new Queue('llama-rerank', { connection: { url: redis } });
  try {
    for (let before = -1; ; ) {
      await setTimeout(500);
      const { [state]: now = 0 } = await queue.getJobCounts(state);
      if (now === before && now > 0) return now;
      before = now;
    }
  } finally {
    await queue.close();
  }
}

/** @param {string} redis */
async function memory(redis) {
  const client = new Redis(redis);
  const info = await client.info('memory');
  client.disconnect();
  return Number(/used_memory_dataset:(\d+)/.exec(info)?.[1]);
}

if (isMainThread) await main();
else {
  const worker = await startWorker({ redis: workerData.redis, identity, ranker });
  parentPort?.postMessage('ready');
  parentPort?.once('message', () => worker.drain());
}
