import type { FastifyBaseLogger } from 'fastify';
import type { Progress } from '../index.js';
import { describe } from './errors.js';

/** What is heard of models while they are loaded. */
export interface ModelEvents {
  failed(model: string, error: unknown): void;
  progress(model: string, progress: Progress): void;
  loaded(model: string, milliseconds: number): void;
}

/** Milliseconds between two lines about one stage. */
const INTERVAL = 10_000;
const MESSAGES: Partial<Record<Progress['stage'], string>> = { download: 'fetching the model', load: 'loading the model' };

/** Writes it to the log. That a model is being fetched is said at once, how far it is every 10 seconds. */
export function modelLog(log: FastifyBaseLogger, now: () => number = () => performance.now()): ModelEvents {
  const last = new Map<string, { stage: Progress['stage']; time: number }>();
  return {
    failed(model, error) {
      last.delete(model);
      log.error({ model, ...describe(error) }, 'model not loaded');
    },
    progress(model, { stage, done, total }) {
      const time = now();
      const before = last.get(model);
      const isFirst = before?.stage !== stage;
      if (!isFirst && time - before.time < INTERVAL) return;
      last.set(model, { stage, time });
      // Most models are loaded before the first line is due.
      if (isFirst && stage !== 'download') return;
      const percent = total > 0 ? Math.floor((100 * done) / total) : 0;
      log.info({ model, percent, ...(stage === 'download' ? { bytes: done, total } : {}) }, MESSAGES[stage]);
    },
    loaded(model, milliseconds) {
      last.delete(model);
      log.info({ model, milliseconds: Math.round(milliseconds) }, 'model loaded');
    },
  };
}
