import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type BulkOptions,
  type BulkRanker,
  type BulkReport,
  bulk,
  jsonLines,
  localEngine,
  type QueueOptions,
  queueEngine,
  type RunningWorker,
  startWorker,
  type WorkerOptions,
} from '../../src/bulk/index.js';
import { RerankError, type RerankResponse } from '../../src/index.js';
import { hasRedis, RedisServer } from '../helpers/redis.js';

const MODEL = { digest: 'model-a', label: 'a.gguf' };
const OTHER = { digest: 'model-b', label: 'b.gguf' };
const USAGE = { totalTokens: 10, queryTruncated: false } as RerankResponse['usage'];

/** Scores depend on the texts alone; `before` comes first, and may throw. */
function ranker(before: (query: string) => void | Promise<void> = () => {}): BulkRanker & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    async rerank(query, documents) {
      if (documents.length > 0) {
        calls.push(query);
        await before(query);
      }
      const score = (text: string) => Math.sin(text.length + query.length) / 3;
      const results = documents.map((document, index) => ({
        index,
        relevanceScore: score(document.text),
        document,
        truncated: false,
      }));
      return { results: results.sort((a, b) => b.relevanceScore - a.relevanceScore), usage: USAGE };
    },
  };
}

const job = (id: string, query: string): string =>
  `${JSON.stringify({ id, query, documents: ['x', 'yy', { id: 'z', text: 'zzz' }] })}\n`;
const jobs = (count: number): string => Array.from({ length: count }, (_, i) => job(`id${i}`, `query ${i}`)).join('');

describe.skipIf(!hasRedis)('jobs through Redis', () => {
  let server: RedisServer;
  let folder: string;
  let workers: RunningWorker[];
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'queue-'));
    workers = [];
    await server.ask((client) => client.flushall());
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.drain().catch(() => {})));
    rmSync(folder, { recursive: true, force: true });
  });

  async function work(each: BulkRanker, options: Partial<WorkerOptions> = {}): Promise<RunningWorker> {
    const worker = await startWorker({ redis: server.url, identity: MODEL, ranker: each, ...options });
    workers.push(worker);
    return worker;
  }

  function run(text: string, queue: Partial<QueueOptions> = {}, options: Partial<BulkOptions> = {}): Promise<BulkReport> {
    const path = join(folder, 'jobs.jsonl');
    writeFileSync(path, text);
    const engine = queueEngine({ redis: server.url, identity: MODEL, ...queue });
    return bulk(jsonLines(path), {
      identity: MODEL,
      engine,
      journal: join(folder, 'journal'),
      output: join(folder, 'out'),
      ...options,
    });
  }

  const output = (): string => readFileSync(join(folder, 'out'), 'utf8');

  /** Keys of jobs, and locks. */
  const jobKeys = (): Promise<string[]> =>
    server.ask((client) => client.keys('bull:llama-rerank:*[0-9a-f]????????????????????????????????*'));

  async function queueOf<T>(use: (queue: Queue) => Promise<T>): Promise<T> {
    const queue = new Queue('llama-rerank', { connection: { url: server.url } });
    try {
      return await use(queue);
    } finally {
      await queue.close();
    }
  }

  test('gives the same file as one process, and leaves no job in Redis', async () => {
    const text = jobs(300) + job('again', 'query 7');
    await run(text, {}, { engine: localEngine(ranker()) });
    const expected = output();
    rmSync(join(folder, 'out'));
    const [one, two] = [ranker(() => setTimeout(1)), ranker(() => setTimeout(1))];
    await work(one, { name: 'one' });
    await work(two, { name: 'two', concurrency: 2 });
    const report = await run(text);
    expect(output()).toBe(expected);
    expect(report).toMatchObject({ lines: 301, jobs: 300, failed: [] });
    expect([...report.workers.keys()].sort()).toEqual(['one', 'two']);
    expect([...one.calls, ...two.calls].sort()).toEqual(Array.from({ length: 300 }, (_, i) => `query ${i}`).sort());
    expect(await jobKeys()).toEqual([]);
  });

  test('a worker of another model puts jobs back, and says so once; it costs no try', async () => {
    const notices: string[] = [];
    const [wrong, right] = [ranker(), ranker()];
    await work(wrong, { identity: OTHER, onNotice: (notice) => notices.push(notice) });
    const running = run(jobs(2));
    await setTimeout(3000);
    expect(wrong.calls).toEqual([]);
    expect(notices).toEqual([expect.stringMatching(/for a\.gguf.*this worker has b\.gguf/)]);
    const made = await queueOf(async (queue) => (await queue.getJobs()).map(({ attemptsMade }) => attemptsMade));
    expect(made).toEqual([0, 0]);
    await work(right);
    expect(await running).toMatchObject({ failed: [] });
    expect(wrong.calls).toEqual([]);
    expect(right.calls.sort()).toEqual(['query 0', 'query 1']);
  });

  test('a job that fails three times is parked with its error; one whose texts are to blame, at once', async () => {
    const each = ranker((query) => {
      if (query === 'query 1') throw new RerankError('NON_FINITE', 'not finite: the file is damaged');
      if (query === 'query 2') throw new RerankError('TEXT_TOO_LARGE', 'too: large');
    });
    await work(each);
    const { failed } = await run(jobs(4));
    expect(failed).toEqual([
      { id: 'id1', line: 2, code: 'NON_FINITE', message: 'not finite: the file is damaged' },
      { id: 'id2', line: 3, code: 'TEXT_TOO_LARGE', message: 'too: large' },
    ]);
    expect(each.calls.filter((query) => query === 'query 1').length).toBe(3);
    expect(each.calls.filter((query) => query === 'query 2').length).toBe(1);
    expect(output().trim().split('\n').length).toBe(4);
    expect(await jobKeys()).toEqual([]);
  });

  test('options that the model has no use for end the run', async () => {
    const each = ranker(() => {
      throw new RerankError('INVALID_ARGUMENT', 'options.instruction: no use for it');
    });
    await work(each);
    await expect(run(jobs(3))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/instruction/) });
  });

  test('a machine on which everything fails gives up, and leaves the jobs to others', async () => {
    const worker = await work(
      ranker(() => {
        throw new RerankError('GPU_FAILED', 'the device is lost');
      }),
    );
    const running = run(jobs(8));
    await expect(worker.ended).rejects.toMatchObject({ code: 'GPU_FAILED', message: expect.stringMatching(/5 jobs failed/) });
    await work(ranker());
    expect(await running).toMatchObject({ failed: [] });
  });

  test('a model in a process of its own that crashes over one job: that job is parked, and the worker goes on', async () => {
    const each = ranker((query) => {
      if (query === 'query 1') throw new RerankError('WORKER_CRASHED', 'ended with signal SIGSEGV');
    });
    await work(each);
    const { failed } = await run(jobs(4));
    expect(failed).toMatchObject([{ id: 'id1', code: 'WORKER_CRASHED' }]);
    expect(each.calls.filter((query) => query === 'query 1')).toHaveLength(3);
    expect(each.calls.filter((query) => query === 'is it well?')).toHaveLength(3);
  });

  test('a worker whose model crashes whatever it ranks gives up at once, and leaves its job to others', async () => {
    const worker = await work(
      ranker(() => {
        throw new RerankError('WORKER_CRASHED', 'ended with signal SIGSEGV');
      }),
    );
    const running = run(jobs(2));
    await expect(worker.ended).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    await work(ranker());
    expect(await running).toMatchObject({ failed: [] });
  });

  test('a job over which three workers died is parked', async () => {
    const running = run(jobs(1));
    const dying = new Worker('llama-rerank', () => new Promise(() => {}), {
      connection: { url: server.url, maxRetriesPerRequest: null },
      lockDuration: 500,
      skipLockRenewal: true,
      skipStalledCheck: true,
    });
    const active = () => server.ask((client) => client.lrange('bull:llama-rerank:active', 0, -1));
    await expect.poll(async () => (await active()).length, { timeout: 10_000 }).toBe(1);
    // Two have died before.
    await server.ask(async (client) => client.hset(`bull:llama-rerank:${(await active())[0]}`, 'stc', 2));
    await dying.close(true);
    const each = ranker();
    await work(each);
    const { failed } = await running;
    expect(failed).toMatchObject([{ id: 'id0', line: 1, code: 'JOB_STALLED' }]);
    expect(each.calls).toEqual([]);
  });

  test('Redis that is full is waited for', async () => {
    const notices: string[] = [];
    await server.ask((client) => client.config('SET', 'maxmemory', '1'));
    try {
      const running = run(jobs(5), { onNotice: (notice) => notices.push(notice) });
      await expect.poll(() => notices, { timeout: 10_000 }).toEqual([expect.stringMatching(/OOM.*trying again/)]);
      await server.ask((client) => client.config('SET', 'maxmemory', '0'));
      await work(ranker());
      expect(await running).toMatchObject({ failed: [] });
    } finally {
      await server.ask((client) => client.config('SET', 'maxmemory', '0'));
    }
  });

  test('Redis holds no more jobs than it may', async () => {
    await work(ranker(() => setTimeout(10)));
    let most = 0;
    const running = run(jobs(60), { maxQueued: 7 });
    const watch = setInterval(async () => {
      const keys = new Set((await jobKeys()).map((key) => key.replace(/:lock$/, '')));
      most = Math.max(most, keys.size);
    }, 20);
    await running.finally(() => clearInterval(watch));
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(7);
  });

  test('what was computed for a run that went away is not computed again', async () => {
    const each = ranker();
    const stop = new AbortController();
    const running = run(jobs(20), {}, { signal: stop.signal });
    await expect.poll(() => jobKeys().then((keys) => keys.length), { timeout: 10_000 }).toBe(20);
    stop.abort(new Error('gone'));
    await expect(running).rejects.toThrow('gone');
    const worker = await work(each);
    await expect.poll(() => each.calls.length, { timeout: 10_000 }).toBe(20);
    await worker.drain();
    expect(await run(jobs(20))).toMatchObject({ resumed: 0, failed: [] });
    expect(each.calls.length).toBe(20);
    expect(await jobKeys()).toEqual([]);
  });

  test('jobs that Redis lost are put there again', async () => {
    const running = run(jobs(10));
    await expect.poll(() => jobKeys().then((keys) => keys.length), { timeout: 10_000 }).toBe(10);
    await server.ask((client) => client.flushall());
    await work(ranker());
    expect(await running).toMatchObject({ failed: [] });
    expect(output().trim().split('\n').length).toBe(10);
  });

  test('says that nobody works', async () => {
    const notices: string[] = [];
    const stop = new AbortController();
    const running = run(jobs(1), { onNotice: (notice) => notices.push(notice) }, { signal: stop.signal });
    await expect.poll(() => notices, { timeout: 30_000 }).toEqual([expect.stringMatching(/nobody works.*a\.gguf/)]);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  test('a worker drains: the job that runs ends, others stay; its health file goes', async () => {
    const healthFile = join(folder, 'health');
    const each = ranker(() => setTimeout(500));
    const worker = await work(each, { healthFile });
    const stop = new AbortController();
    const running = run(jobs(5), {}, { signal: stop.signal });
    await expect.poll(() => each.calls.length, { timeout: 10_000 }).toBe(1);
    expect(existsSync(healthFile)).toBe(true);
    await worker.drain();
    await worker.ended;
    expect(each.calls.length).toBe(1);
    expect(existsSync(healthFile)).toBe(false);
    await expect
      .poll(() => queueOf((queue) => queue.getJobCounts('wait', 'active', 'completed')), { timeout: 5000 })
      .toEqual({ wait: 4, active: 0, completed: 0 });
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});

describe('no queue', () => {
  test.each([
    ['no server', 'redis://user:secret@127.0.0.1:1', 'QUEUE_UNAVAILABLE'],
    ['another address', 'http://user:secret@127.0.0.1', 'INVALID_ARGUMENT'],
  ])('%s is an error without the password', async (_, redis, code) => {
    const starting = startWorker({ redis, identity: MODEL, ranker: ranker() });
    await expect(starting).rejects.toMatchObject({ code, message: expect.not.stringMatching(/secret/) });
  });
});
