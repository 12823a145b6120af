import { setTimeout } from 'node:timers/promises';
import type { RerankError } from '../index.js';
import { type BulkRanker, type BulkRerankOptions, compute, type Done, type Engine, type Job } from './jobs.js';
import { ATTEMPTS, BACKOFF, revive, weigh } from './retries.js';

/** Computes jobs one after the other with a ranker of this process. */
export function localEngine(ranker: BulkRanker, rerank: BulkRerankOptions = {}): Engine {
  return {
    async run(jobs, done, signal) {
      // Options that the model has no use for show before any job.
      await ranker.rerank('options', [], rerank);
      for await (const job of jobs) await done(job, await settle(ranker, job, rerank, signal));
    },
  };
}

async function settle(ranker: BulkRanker, job: Job, rerank: BulkRerankOptions, signal: AbortSignal | undefined): Promise<Done> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const begin = performance.now();
    try {
      return await compute(ranker, job, rerank, 'this process', signal);
    } catch (error) {
      const weight = weigh(error);
      if (weight === 'fatal') throw error;
      await revive(ranker, error, signal);
      if (weight === 'lasting' || attempt === ATTEMPTS) {
        const { code, message } = error as RerankError;
        return {
          outcome: { error: { code, message } },
          worker: 'this process',
          milliseconds: performance.now() - begin,
          tokens: 0,
        };
      }
      await setTimeout(BACKOFF * 2 ** (attempt - 1), undefined, signal ? { signal } : {}).catch(() => {});
    }
  }
}
