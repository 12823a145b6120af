import { setImmediate } from 'node:timers/promises';
import { type Measured, mean } from './metrics.js';
import { random } from './random.js';

/** A mean with the ends of its interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Default 10,000. */
  resamples?: number | undefined;
  /** Default 0. The same seed gives the same interval. */
  seed?: number | undefined;
  /** Part of the resamples that lies between the ends; default 0.95. */
  level?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Resamples between two turns of the event loop. */
const TURN = 200;

/**
 * The mean of values with a bootstrap interval: queries are drawn with replacement as often as there are, the mean is taken, and the interval
 * holds the middle `level` of these means (the percentile method: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
 *
 * @throws the signal's reason when it was aborted
 */
export async function bootstrap(values: readonly number[], options: BootstrapOptions = {}): Promise<Interval> {
  const { resamples = 10_000, seed = 0, level = 0.95, signal } = options;
  const next = random(seed);
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let sum = 0;
    for (let n = values.length; n > 0; n--) sum += values[Math.floor(next() * values.length)] as number;
    means[i] = values.length === 0 ? 0 : sum / values.length;
    if (i % TURN !== TURN - 1) continue;
    await setImmediate();
    signal?.throwIfAborted();
  }
  means.sort();
  const at = (part: number): number => means[Math.round(part * (resamples - 1))] as number;
  return { value: mean(values), low: at((1 - level) / 2), high: at((1 + level) / 2) };
}

export interface Difference extends Interval {
  /** Queries with a higher, lower and equal value than the baseline's. */
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
}

/**
 * By how much a run is better than another in a metric, over the queries that both have: the paired bootstrap, which draws queries with both
 * of their values (Sakai, Evaluating evaluation metrics based on the bootstrap, SIGIR 2006). An interval without 0 says that the sign is no chance.
 *
 * @throws the signal's reason when it was aborted
 */
export async function difference(
  measured: Measured,
  baseline: Measured,
  metric: string,
  options?: BootstrapOptions,
): Promise<Difference> {
  const differences: number[] = [];
  for (const [query, values] of measured.queries) {
    const before = baseline.queries.get(query)?.[metric];
    if (before !== undefined) differences.push((values[metric] as number) - before);
  }
  const wins = differences.filter((value) => value > 0).length;
  const losses = differences.filter((value) => value < 0).length;
  return { ...(await bootstrap(differences, options)), wins, losses, ties: differences.length - wins - losses };
}
