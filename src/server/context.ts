import type { FastifyBaseLogger } from 'fastify';
import { Admission } from './admission.js';
import { HttpError } from './errors.js';
import { createMetrics, type Metrics } from './metrics.js';
import { modelLog } from './model-log.js';
import { Models } from './models.js';
import type { Settings } from './options.js';

/** What the routes of one server share. */
export interface Context {
  readonly settings: Settings;
  readonly admission: Admission;
  readonly models: Models;
  readonly metrics: Metrics;
  /** Aborts when the server closes and its time for running requests is over. */
  readonly stop: AbortController;
  draining: boolean;
}

export function createContext(settings: Settings, log: FastifyBaseLogger): Context {
  const admission = new Admission(settings.queueLimit);
  const models = new Models(settings, modelLog(log));
  const loaded = () => models.list.filter(({ info }) => info !== undefined).length;
  const metrics = createMetrics(() => admission.depth, loaded);
  return { settings, admission, models, metrics, stop: new AbortController(), draining: false };
}

/** @throws HttpError 503 while the server starts or ends */
export function checkAvailable({ draining, models }: Context): void {
  if (!draining && !models.first.isLoading) return;
  const message = draining ? 'the server is shutting down' : 'the model is loading';
  throw new HttpError(503, 'SERVICE_UNAVAILABLE', message, { headers: { 'retry-after': draining ? '10' : '2' } });
}
