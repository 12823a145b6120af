import type { Chunk, Plan, Scored } from '../family.js';

/** 1 / (1 + exp(-x)), without overflow. */
export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/**
 * Step 7: the logit of each document is that of its best window; the score is its sigmoid.
 *
 * @param logits by sequence
 */
export function scorePairs(plan: Plan, logits: ReadonlyMap<number, number>): Scored {
  const windows = plan.windows as readonly (readonly number[])[];
  const best = windows.map((sequences): Chunk & { logit: number } => {
    const all = sequences.map((sequence) => logits.get(sequence) as number);
    // NaN, which Math.max gives on, has no index; ranking refuses it.
    const logit = Math.max(...all);
    return { logit, index: Math.max(all.indexOf(logit), 0), count: all.length };
  });
  return {
    scores: Float64Array.from(best, ({ logit }) => sigmoid(logit)),
    logits: Float64Array.from(best, ({ logit }) => logit),
    ...(plan.overflow === 'chunk' ? { chunks: best.map(({ index, count }) => ({ index, count })) } : {}),
    embeddings: undefined,
  };
}
