import { setTimeout } from 'node:timers/promises';
import type { Queue, Job as QueuedJob, QueueEvents } from 'bullmq';
import { RerankError } from '../index.js';
import type { QueueAddress } from './address.js';
import { sizeOf } from './check.js';
import { type JobData, openBullmq } from './connection.js';
import type { Identity } from './identity.js';
import type { BulkRerankOptions, Done, Engine, Job } from './jobs.js';
import { Patience } from './patience.js';
import { ATTEMPTS, BACKOFF } from './retries.js';

export interface QueueOptions extends QueueAddress {
  readonly identity: Identity;
  readonly rerank?: BulkRerankOptions | undefined;
  /** Most jobs of this run in Redis at a time; default 1000. Their texts take 256 MiB at most, unless a single one takes more. */
  readonly maxQueued?: number | undefined;
  /** Remarks for a person: nobody works, Redis is gone. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

const MOST_JOBS = 1000;
const MOST_BYTES = 256 * 1024 * 1024;
/** Jobs that go to Redis in one message. */
const BATCH = 32;
/** Milliseconds between two looks at all jobs, for what events did not say. */
const LOOK = 5000;
/** Seconds for which results wait for a run that went away. */
const KEEP = 24 * 3600;

/**
 * Has jobs computed by `llama-rerank worker` processes, through BullMQ. Jobs are known by their content, so that what an earlier run left
 * in Redis is taken and not computed again.
 *
 * @throws RerankError (from `run`) DEPENDENCY_MISSING, QUEUE_UNAVAILABLE; INVALID_ARGUMENT if workers refuse the options
 */
export function queueEngine(options: QueueOptions): Engine {
  return {
    async run(jobs, done, signal) {
      const { bullmq, queue: name, connection } = await openBullmq(options);
      // A completed job's event holds its result: no more of them than jobs. A job has about four events.
      const streams = { events: { maxLen: 4 * (options.maxQueued ?? MOST_JOBS) } };
      const queue = new bullmq.Queue<JobData>(name, { connection, streams });
      const events = new bullmq.QueueEvents(name, { connection });
      const run = new QueueRun(options, queue, events, done);
      try {
        await run.all(jobs, signal);
      } finally {
        await Promise.allSettled([events.close(), queue.close()]);
      }
    },
  };
}

type Handler = Parameters<Engine['run']>[1];

class QueueRun {
  readonly #options: QueueOptions;
  readonly #queue: Queue<JobData>;
  readonly #done: Handler;
  /** Jobs that are in Redis, by key. */
  readonly #waiting = new Map<string, Job>();
  readonly #ending = new AbortController();
  readonly #patience: Patience;
  /** Jobs that take room in Redis, and the bytes of their texts. */
  #held = 0;
  #bytes = 0;
  /** Results are handed on one after the other. */
  #results: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #lastResult = performance.now();
  #isQuiet = false;

  constructor(options: QueueOptions, queue: Queue<JobData>, events: QueueEvents, done: Handler) {
    this.#options = options;
    this.#queue = queue;
    this.#done = done;
    this.#patience = new Patience(options.redis, this.#ending.signal, options.onNotice);
    queue.on('error', (error) => this.#patience.note(error));
    events.on('error', (error) => this.#patience.note(error));
    events.on('completed', ({ jobId, returnvalue }) => this.#take(jobId, returnvalue as unknown as Done));
    events.on('failed', ({ jobId, failedReason }) => this.#take(jobId, failure(failedReason)));
  }

  async all(jobs: AsyncIterable<Job>, signal: AbortSignal | undefined): Promise<void> {
    const end = () => this.#ending.abort(signal?.reason);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    const looking = this.#lookOften().catch((error) => this.#ending.abort(error));
    try {
      let batch: Job[] = [];
      for await (const job of jobs) {
        batch.push(job);
        if (batch.length < BATCH) continue;
        await this.#add(batch);
        batch = [];
      }
      await this.#add(batch);
      await this.#until(() => this.#held === 0);
      this.#ending.signal.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', end);
      this.#ending.abort();
      await Promise.allSettled([looking, this.#results]);
    }
  }

  /** Puts jobs into Redis, as there is room. */
  async #add(jobs: readonly Job[]): Promise<void> {
    const { maxQueued = MOST_JOBS } = this.#options;
    for (let begin = 0; begin < jobs.length; ) {
      await this.#until(() => this.#held < maxQueued && (this.#bytes < MOST_BYTES || this.#held === 0));
      const some: Job[] = [];
      for (const job of jobs.slice(begin, begin + maxQueued - this.#held)) {
        if (some.length > 0 && this.#bytes > MOST_BYTES) break;
        some.push(job);
        this.#held++;
        this.#bytes += sizeOf(job);
      }
      await this.#put(some);
      for (const job of some) this.#waiting.set(job.key, job);
      begin += some.length;
      // They may have been done already, by an earlier run or since.
      await this.#look(some.map(({ key }) => key));
    }
  }

  async #put(jobs: readonly Job[]): Promise<void> {
    const { identity, rerank = {} } = this.#options;
    const bulk = jobs.map(({ key, query, documents }) => ({
      name: 'rerank',
      data: { identity: identity.digest, model: identity.label, rerank, query, documents },
      opts: {
        jobId: key,
        attempts: ATTEMPTS,
        backoff: { type: 'exponential', delay: BACKOFF },
        removeOnComplete: { age: KEEP },
        removeOnFail: { age: KEEP },
        stackTraceLimit: 0,
      },
    }));
    await this.#patience.persist(() => this.#queue.addBulk(bulk));
  }

  #take(key: string, result: Done): void {
    const job = this.#waiting.get(key);
    if (job === undefined) return;
    this.#waiting.delete(key);
    this.#lastResult = performance.now();
    this.#isQuiet = false;
    this.#results = this.#results
      .then(() => this.#hand(job, result))
      .catch((error) => this.#ending.abort(error))
      .finally(() => this.#wake());
  }

  async #hand(job: Job, result: Done): Promise<void> {
    const { outcome } = result;
    const refused = 'error' in outcome && outcome.error.code === 'INVALID_ARGUMENT' ? outcome.error : undefined;
    if (refused === undefined) await this.#done(job, result);
    await this.#patience.persist(() => this.#queue.remove(job.key));
    this.#held--;
    this.#bytes -= sizeOf(job);
    if (refused !== undefined) throw new RerankError('INVALID_ARGUMENT', `the workers refuse: ${refused.message}`);
  }

  /** Looks at all jobs time and again: events are lost while the connection is, and Redis may have lost a job. */
  async #lookOften(): Promise<void> {
    for (;;) {
      await setTimeout(LOOK, undefined, { signal: this.#ending.signal }).catch(() => {});
      if (this.#ending.signal.aborted) return;
      await this.#look([...this.#waiting.keys()]);
      await this.#tellIfQuiet();
    }
  }

  async #look(keys: readonly string[]): Promise<void> {
    for (let begin = 0; begin < keys.length; begin += BATCH) {
      const some = keys.slice(begin, begin + BATCH);
      const states = await this.#patience.persist(() => Promise.all(some.map((key) => this.#queue.getJobState(key))));
      for (const [i, state] of states.entries()) {
        const job = this.#waiting.get(some[i] as string);
        if (job !== undefined && state === 'unknown') await this.#put([job]);
        if (job !== undefined && (state === 'completed' || state === 'failed')) await this.#fetch(job.key);
      }
    }
  }

  async #fetch(key: string): Promise<void> {
    const queued: QueuedJob<JobData, Done> | undefined = await this.#patience.persist(() => this.#queue.getJob(key));
    if (queued?.finishedOn === undefined) return;
    this.#take(key, queued.failedReason ? failure(queued.failedReason) : queued.returnvalue);
  }

  async #tellIfQuiet(): Promise<void> {
    if (this.#isQuiet || this.#waiting.size === 0 || performance.now() - this.#lastResult < 2 * LOOK) return;
    this.#isQuiet = true;
    const { identity, onNotice } = this.#options;
    const active = await this.#patience.persist(() => this.#queue.getActiveCount());
    if (active === 0)
      onNotice?.(`nobody works on the queue '${this.#queue.name}': start llama-rerank worker with the model ${identity.label}`);
  }

  async #until(condition: () => boolean): Promise<void> {
    const { signal } = this.#ending;
    while (!condition()) {
      signal.throwIfAborted();
      await this.#patience.unlessEnded(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      );
    }
    signal.throwIfAborted();
  }
}

/** The error in BullMQ's words or in those of our worker. */
function failure(reason: string): Done {
  const [, code = 'INTERNAL', message = reason] = /^([A-Z][A-Z_]+): (.*)$/s.exec(reason) ?? [];
  const stalled = /stalled/.test(reason) && code === 'INTERNAL';
  const error = stalled
    ? { code: 'JOB_STALLED', message: `${ATTEMPTS} workers died or were lost while they computed it` }
    : { code, message };
  return { outcome: { error }, worker: 'none', milliseconds: 0, tokens: 0 };
}
