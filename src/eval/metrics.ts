import { RerankError } from '../index.js';
import { type Qrels, type Run, ranked } from './trec.js';

/** Metrics by name: see `measure`. */
export type Values = Readonly<Record<string, number>>;

export interface Measured {
  /** Values of each query that is both in the judgements and in the run, in the order of the run. */
  readonly queries: ReadonlyMap<string, Values>;
  /** Their means; 0 where there is no query. */
  readonly mean: Values;
}

/** What a metric looks at. */
interface Judged {
  /** Grades of the documents in the order of the run; 0 for those without a judgement. */
  readonly grades: readonly number[];
  /** Grades above 0 of all judged documents, highest first. */
  readonly ideal: readonly number[];
}

const relevant = (grade: number): boolean => grade >= 1;

/** Discounted gain: the grade by log2(rank + 1), as in trec_eval (Järvelin and Kekäläinen 2002, with Burges' discount). */
const gain = (grades: readonly number[]): number =>
  grades.reduce((sum, grade, i) => sum + Math.max(grade, 0) / Math.log2(i + 2), 0);

const METRICS: Record<string, (judged: Judged, k: number) => number> = {
  ndcg: ({ grades, ideal }, k) => over(gain(grades.slice(0, k)), gain(ideal.slice(0, k))),
  map: ({ grades, ideal }, k) => {
    let found = 0;
    return over(
      grades.slice(0, k).reduce((sum, grade, i) => (relevant(grade) ? sum + ++found / (i + 1) : sum), 0),
      ideal.length,
    );
  },
  mrr: ({ grades }, k) => {
    const first = grades.slice(0, k).findIndex(relevant);
    return first < 0 ? 0 : 1 / (first + 1);
  },
  recall: ({ grades, ideal }, k) => over(grades.slice(0, k).filter(relevant).length, ideal.length),
  success: ({ grades }, k) => Number(grades.slice(0, k).some(relevant)),
  p: ({ grades }, k) => grades.slice(0, k).filter(relevant).length / k,
};

const over = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

type Compute = (judged: Judged) => number;

/** @throws RerankError INVALID_ARGUMENT */
function readMetric(name: string): Compute {
  const [, kind = '', digits] = /^([a-z]+)(?:@([1-9]\d*))?$/.exec(name) ?? [];
  const compute = Object.hasOwn(METRICS, kind) ? METRICS[kind] : undefined;
  const k = digits === undefined ? Number.POSITIVE_INFINITY : Number(digits);
  if (compute === undefined || (digits === undefined && ['recall', 'success', 'p'].includes(kind)))
    throw new RerankError(
      'INVALID_ARGUMENT',
      `metrics: expected ndcg@K, mrr@K, map@K, recall@K, success@K or p@K (ndcg, mrr and map also without @K), got '${name}'`,
    );
  return (judged) => compute(judged, k);
}

/**
 * Metrics as trec_eval computes them: `ndcg@K` (gain is the grade), `map`, `mrr`, `recall@K`, `success@K`, `p@K`. `mrr@K` and `map@K` look
 * at the best K alone.
 *
 * - Documents are ordered by score as a 32-bit float, then by id as bytes, both highest first.
 * - A grade of 1 or more is relevant; a document without a judgement is not; a grade below 0 gains 0.
 * - A query in only one of judgements and run is left out; one without a relevant document counts, with 0.
 *
 * @throws RerankError INVALID_ARGUMENT for a metric that is none
 */
export function measure(qrels: Qrels, run: Run, metrics: readonly string[]): Measured {
  const computes = metrics.map((name) => [name, readMetric(name)] as const);
  const queries = new Map<string, Values>();
  for (const [query, scores] of run) {
    const judgements = qrels.get(query);
    if (judgements === undefined) continue;
    const judged: Judged = {
      grades: ranked(scores).map((id) => judgements.get(id) ?? 0),
      ideal: [...judgements.values()].filter((grade) => grade > 0).sort((a, b) => b - a),
    };
    queries.set(query, Object.fromEntries(computes.map(([name, compute]) => [name, compute(judged)])));
  }
  const means = metrics.map((name) => [name, mean(Array.from(queries.values(), (values) => values[name] as number))]);
  return { queries, mean: Object.fromEntries(means) };
}

/** 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
