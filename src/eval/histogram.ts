import type { Qrels, Run } from './trec.js';

/** Counts of scores, from the lowest score to the highest in equal steps, of relevant documents and of all others. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly relevant: readonly number[];
  readonly other: readonly number[];
}

const BINS = 32;

export function histogram(qrels: Qrels, run: Run): Histogram {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const scores of run.values()) {
    for (const score of scores.values()) [low, high] = [Math.min(low, score), Math.max(high, score)];
  }
  const counts = { relevant: new Array<number>(BINS).fill(0), other: new Array<number>(BINS).fill(0) };
  for (const [query, scores] of run) {
    for (const [id, score] of scores) {
      const bin = high > low ? Math.min(BINS - 1, Math.floor(((score - low) / (high - low)) * BINS)) : 0;
      const side = counts[(qrels.get(query)?.get(id) ?? 0) >= 1 ? 'relevant' : 'other'];
      side[bin] = (side[bin] as number) + 1;
    }
  }
  return { low, high, ...counts };
}
