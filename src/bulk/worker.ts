import { rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Job as QueuedJob, Worker } from 'bullmq';
import { RerankError } from '../index.js';
import type { QueueAddress } from './address.js';
import { type Bullmq, type JobData, openBullmq, unavailable } from './connection.js';
import type { Identity } from './identity.js';
import { type BulkRanker, type BulkRerankOptions, compute, type Done } from './jobs.js';
import { Patience } from './patience.js';
import { ATTEMPTS, revive, weigh } from './retries.js';
import { unwritable } from './unwritable.js';

export interface WorkerOptions extends QueueAddress {
  readonly ranker: BulkRanker;
  /** Of the ranker's model: jobs for another one are put back. */
  readonly identity: Identity;
  /** Jobs that are taken at a time; default 1. They are computed one after the other: 2 hides the way to a server that is far. */
  readonly concurrency?: number | undefined;
  /** Default the host's name and the process id. */
  readonly name?: string | undefined;
  /** A file that is written every 5 seconds while Redis answers, and removed at the end: its age tells whether the worker is well. */
  readonly healthFile?: string | undefined;
  readonly onNotice?: ((notice: string) => void) | undefined;
}

export interface RunningWorker {
  readonly name: string;
  /** Resolves after `drain`; rejects when the worker gives up. */
  readonly ended: Promise<void>;
  /** Takes no more jobs, finishes those that run, and ends. */
  drain(): Promise<void>;
}

/** Milliseconds after which a job whose worker is silent is another's. Our event loop never waits for inference, so it is never late. */
const LOCK = 10_000;
/** Milliseconds between two looks for such jobs. */
const STALLED = 5000;
/** Milliseconds before a job that was put back may be taken again, and before this worker takes another: others come first. */
const PUT_BACK = 200;
const STAND_BACK = 2000;
const HEARTBEAT = 5000;
/** So many jobs that fail one after the other are the fault of the machine. */
const MOST_FAILURES = 5;

/**
 * Takes jobs from a queue and computes them, until `drain`.
 *
 * @throws RerankError DEPENDENCY_MISSING, QUEUE_UNAVAILABLE, OUTPUT_UNWRITABLE for the health file
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { concurrency = 1, name = `${hostname()}-${process.pid}`, onNotice, healthFile, redis } = options;
  const opened = await openBullmq(options);
  const { bullmq, queue, connection } = opened;
  const failed = new Set<string>();
  let [giveUp, isRefusing] = [(_: RerankError) => {}, false];

  const process_ = async (job: QueuedJob<JobData>, token?: string): Promise<Done> => {
    const { data } = job;
    if (data.identity !== options.identity.digest) {
      if (!isRefusing)
        onNotice?.(
          `put a job back that is for ${data.model}, or other settings or another version of this package; this worker has ` +
            `${options.identity.label}. Give each model a queue of its own (--queue)`,
        );
      isRefusing = true;
      await job.moveToDelayed(Date.now() + PUT_BACK, token);
      await setTimeout(STAND_BACK);
      throw new bullmq.DelayedError();
    }
    isRefusing = false;
    try {
      const done = await compute(options.ranker, data, data.rerank as BulkRerankOptions, name);
      failed.clear();
      return done;
    } catch (error) {
      const { code, message } = error instanceof RerankError ? error : new RerankError('INTERNAL', String(error));
      const reason = `${code}: ${message}`;
      onNotice?.(`a job failed (${job.attemptsMade + 1} of ${ATTEMPTS}): ${message} (${code})`);
      if (weigh(error) !== 'passing') throw new bullmq.UnrecoverableError(reason);
      await revive(options.ranker, error).catch(giveUp);
      failed.add(job.id as string);
      if (failed.size === MOST_FAILURES)
        giveUp(
          new RerankError(code as RerankError['code'], `${MOST_FAILURES} jobs failed one after the other, the last: ${message}`),
        );
      throw new Error(reason);
    }
  };

  const worker: Worker = new bullmq.Worker<JobData, Done>(queue, process_, {
    connection,
    concurrency,
    name,
    lockDuration: LOCK,
    stalledInterval: STALLED,
    maxStalledCount: ATTEMPTS - 1,
    runRetryDelay: 1000,
  });
  const heart = new AbortController();
  const patience = new Patience(redis, heart.signal, onNotice);
  worker.on('error', (error) => patience.note(error));
  const beating = beat(opened, healthFile, heart.signal);
  const ended = new Promise<void>((resolve, reject) => {
    const end = (error?: unknown): void => {
      heart.abort();
      const closed = Promise.all([worker.close(), beating.catch(() => {})]);
      closed.then(() => (error === undefined ? resolve() : reject(error)), reject);
    };
    giveUp = end;
    worker.once('closed', () => end());
    beating.catch(end);
  });
  ended.catch(() => {});
  await worker.waitUntilReady().catch((error) => {
    throw unavailable(redis, error);
  });
  const drain = async (): Promise<void> => {
    await worker.close();
    await ended;
  };
  return { name, ended, drain };
}

async function beat({ Redis, connection }: Bullmq, file: string | undefined, signal: AbortSignal): Promise<void> {
  if (file === undefined) return;
  const { url, ...options } = connection;
  const client = new Redis(url, options);
  // The worker's own connections tell what there is to tell.
  client.on('error', () => {});
  signal.addEventListener('abort', () => client.disconnect(), { once: true });
  try {
    while (!signal.aborted) {
      // Waits while there is no server, and so the file grows old.
      const pong = await client.ping().catch(() => undefined);
      if (pong !== undefined) await writeFile(file, `${new Date().toISOString()}\n`);
      await setTimeout(HEARTBEAT, undefined, { signal }).catch(() => {});
    }
  } catch (cause) {
    throw unwritable(file, cause);
  } finally {
    client.disconnect();
    await rm(file, { force: true });
  }
}
