import type { Plan } from './family.js';
import type { Usage } from './types.js';

const STAGES = ['queue', 'tokens', 'states', 'score'] as const;

/** Wall time of the stages of one call, which follow each other. */
export class Stopwatch {
  readonly #begin = performance.now();
  readonly #ends = new Map<string, number>();

  /** The stage that ends now. */
  end(stage: (typeof STAGES)[number]): void {
    this.#ends.set(stage, performance.now());
  }

  milliseconds(): Usage['milliseconds'] {
    let before = this.#begin;
    const [queue, tokens, states, score] = STAGES.map((stage) => {
      const end = this.#ends.get(stage) ?? before;
      const time = end - before;
      before = end;
      return time;
    }) as [number, number, number, number];
    return { queue, tokens, states, score, total: before - this.#begin };
  }
}

export function totalTokens({ jobs }: Plan): number {
  return jobs.reduce((sum, { tokens, repeated = 0 }) => sum + tokens.length - repeated, 0);
}

export function usageOf(plan: Plan, reusedTokens: number, watch: Stopwatch): Usage {
  return {
    totalTokens: totalTokens(plan),
    reusedTokens,
    queryTokens: plan.queryTokens,
    queryTruncated: plan.queryTruncated,
    blocks: plan.jobs.length,
    overflow: plan.overflow,
    milliseconds: watch.milliseconds(),
  };
}

/** What a call without documents takes. */
export function emptyUsage(): Usage {
  return {
    totalTokens: 0,
    reusedTokens: 0,
    queryTokens: 0,
    queryTruncated: false,
    blocks: 0,
    overflow: 'none',
    milliseconds: { queue: 0, tokens: 0, states: 0, score: 0, total: 0 },
  };
}
