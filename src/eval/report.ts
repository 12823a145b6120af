import { setImmediate } from 'node:timers/promises';
import { RerankError } from '../index.js';
import { kendallTau, overlap } from './agreement.js';
import { type BootstrapOptions, bootstrap, type Difference, difference, type Interval } from './bootstrap.js';
import { runOf } from './evaluate.js';
import { type Histogram, histogram } from './histogram.js';
import type { Answer } from './journal.js';
import { type Measured, mean, measure, type Values } from './metrics.js';
import type { Task } from './task.js';
import { type Run, ranked } from './trec.js';

/** A run with a name: what a model answered, or a run from elsewhere. */
export type Contestant = { label: string } & ({ answers: readonly Answer[] } | { run: Run });

export interface System {
  readonly label: string;
  /** Means of all metrics with their intervals. */
  readonly mean: Readonly<Record<string, Interval>>;
  /** The first metric against the baseline's; null for the baseline. */
  readonly difference: Difference | null;
  /** Agreement with the baseline's order, mean over queries; null for the baseline. */
  readonly kendallTau: number | null;
  /** Part of the best K that is the baseline's, too; K is that of the first metric, else 10. */
  readonly overlap: number | null;
  /** Queries for which a document or the query was cut. */
  readonly truncatedQueries: number | null;
  readonly scores: Histogram;
  readonly queries: Readonly<Record<string, Values>>;
  /** Of reranking, documents' embeddings included, loading not; null where nothing was computed. All else is the same in every run. */
  readonly time: { readonly secondsPerQuery: number } | null;
}

export interface Report {
  readonly dataset: string;
  readonly split: string;
  readonly firstStage: string;
  readonly topK: number;
  /** Queries with a judgement for which the first stage found something. */
  readonly queries: number;
  readonly metrics: readonly string[];
  /** Places that `overlap` looks at. */
  readonly depth: number;
  readonly baseline: string;
  readonly interval: { readonly level: number; readonly resamples: number; readonly seed: number };
  readonly systems: readonly System[];
}

export interface ReportOptions extends Omit<BootstrapOptions, 'level'> {
  /** As for `measure`; the first is the one of comparisons. */
  metrics: readonly string[];
  /** Label of the contestant that the others are compared with; default the first one. */
  baseline?: string | undefined;
}

/**
 * Measures runs over one task and compares them with a baseline.
 *
 * @throws RerankError INVALID_ARGUMENT; the signal's reason when it was aborted
 */
export async function report(task: Task, contestants: readonly Contestant[], options: ReportOptions): Promise<Report> {
  const { metrics, resamples = 10_000, seed = 0, signal } = options;
  const sampling = { resamples, seed, level: 0.95, signal };
  const label = options.baseline ?? contestants[0]?.label;
  const against = contestants.find((each) => each.label === label);
  const [metric] = metrics;
  if (against === undefined || metric === undefined || label === undefined)
    throw new RerankError('INVALID_ARGUMENT', `report: expected a metric and the baseline among the contestants, got '${label}'`);
  const depth = Number(/@(\d+)$/.exec(metric)?.[1] ?? 10);
  const { qrels } = task.dataset;
  const baseRun = runFor(against);
  const base = measure(qrels, baseRun, metrics);
  const orders = new Map(Array.from(baseRun, ([query, scores]) => [query, ranked(scores)]));
  const systems: System[] = [];
  for (const contestant of contestants) {
    const run = runFor(contestant);
    const measured = measure(qrels, run, metrics);
    const isBase = contestant === against;
    const agreement = isBase ? undefined : await agreementOf(run, orders, depth, signal);
    systems.push({
      label: contestant.label,
      mean: await meansOf(measured, metrics, sampling),
      difference: isBase ? null : await difference(measured, base, metric, sampling),
      kendallTau: agreement?.tau ?? null,
      overlap: agreement?.overlap ?? null,
      truncatedQueries: 'answers' in contestant ? contestant.answers.filter(({ truncated }) => truncated).length : null,
      scores: histogram(qrels, run),
      queries: Object.fromEntries(measured.queries),
      time:
        'answers' in contestant
          ? { secondsPerQuery: mean(contestant.answers.map(({ milliseconds }) => milliseconds / 1000)) }
          : null,
    });
  }
  const { dataset, firstStage, topK, queries } = task;
  const interval = { level: sampling.level, resamples, seed };
  const head = { dataset: dataset.name, split: dataset.split, firstStage, topK, queries: queries.length };
  return { ...head, metrics, depth, baseline: label, interval, systems };
}

function runFor(contestant: Contestant): Run {
  return 'run' in contestant ? contestant.run : runOf(contestant.answers);
}

async function meansOf(
  measured: Measured,
  metrics: readonly string[],
  sampling: BootstrapOptions,
): Promise<Record<string, Interval>> {
  const means: Record<string, Interval> = {};
  for (const metric of metrics) {
    const values = Array.from(measured.queries.values(), (query) => query[metric] as number);
    means[metric] = await bootstrap(values, sampling);
  }
  return means;
}

async function agreementOf(
  run: Run,
  orders: ReadonlyMap<string, readonly string[]>,
  depth: number,
  signal: AbortSignal | undefined,
): Promise<{ tau: number | null; overlap: number | null }> {
  const [taus, overlaps]: [number[], number[]] = [[], []];
  for (const [query, scores] of run) {
    const [own, other] = [ranked(scores), orders.get(query)];
    if (other === undefined) continue;
    const tau = kendallTau(own, other);
    if (tau !== undefined) taus.push(tau);
    overlaps.push(overlap(own, other, depth));
    await setImmediate();
    signal?.throwIfAborted();
  }
  return { tau: taus.length > 0 ? mean(taus) : null, overlap: overlaps.length > 0 ? mean(overlaps) : null };
}
