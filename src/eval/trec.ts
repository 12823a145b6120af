import { corrupt, eachLine } from './lines.js';

/** Grades by query and document. 1 or more is relevant. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Scores by query and document, in no order that means anything: see `ranked`. */
export type Run = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Reads judgements: BEIR's form (`query-id`, `corpus-id`, `score` between tabs, with that header) or TREC's (`query 0 document grade`).
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT; the signal's reason when it was aborted
 */
export async function readQrels(file: string, signal?: AbortSignal): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>();
  let beir: boolean | undefined;
  await eachLine(
    file,
    (line, number) => {
      const cells = line.split('\t');
      const first = beir === undefined;
      beir ??= cells.length === 3;
      if (first && beir && !WHOLE.test(cells[2] as string)) return;
      const [query, document, grade] = beir ? cells : withoutSecond(line.trim().split(/\s+/));
      const count = beir ? cells.length - 3 : line.trim().split(/\s+/).length - 4;
      if (!query || !document || grade === undefined || count !== 0)
        throw corrupt(
          file,
          number,
          `expected ${beir ? '3 columns between tabs: query, document, grade' : "'query 0 document grade'"}`,
        );
      if (!WHOLE.test(grade)) throw corrupt(file, number, `expected a whole number as grade, found '${grade}'`);
      const grades = entry(qrels, query);
      const before = grades.get(document);
      if (before !== undefined && before !== Number(grade))
        throw corrupt(file, number, `'${document}' has two grades for query '${query}': ${before} and ${grade}`);
      grades.set(document, Number(grade));
    },
    signal,
  );
  return qrels;
}

const WHOLE = /^[+-]?\d+$/;

const withoutSecond = ([query, , document, grade]: string[]) => [query, document, grade];

/**
 * Reads a run in TREC's form: `query Q0 document rank score tag`. The rank and the order of lines mean nothing, as in trec_eval.
 *
 * @param file its path
 * @param options which queries to keep
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT; the signal's reason when it was aborted
 */
export async function readRun(
  file: string,
  {
    queries,
    signal,
  }: {
    /** Keeps these alone. */
    queries?: ReadonlySet<string> | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<Run> {
  const run = new Map<string, Map<string, number>>();
  await eachLine(
    file,
    (line, number) => {
      const cells = line.trim().split(/\s+/);
      const [query = '', , document = '', , score = ''] = cells;
      if (cells.length !== 6) throw corrupt(file, number, "expected 'query Q0 document rank score tag'");
      if (!Number.isFinite(Number(score))) throw corrupt(file, number, `expected a number as score, found '${score}'`);
      if (queries && !queries.has(query)) return;
      const scores = entry(run, query);
      if (scores.has(document)) throw corrupt(file, number, `'${document}' is there twice for query '${query}'`);
      scores.set(document, Number(score));
    },
    signal,
  );
  return run;
}

function entry(map: Map<string, Map<string, number>>, key: string): Map<string, number> {
  let value = map.get(key);
  if (value === undefined) {
    value = new Map();
    map.set(key, value);
  }
  return value;
}

/**
 * Documents as trec_eval orders them: by score as a 32-bit float, highest first; equal ones by id, compared as bytes, highest first.
 */
export function ranked(scores: ReadonlyMap<string, number>): string[] {
  return Array.from(scores, ([id, score]) => ({ id, score: Math.fround(score) }))
    .sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(b.id), Buffer.from(a.id)))
    .map(({ id }) => id);
}

/** A run as text that `readRun` and other tools read. Scores have all their digits. */
export function formatRun(run: Run, tag: string): string {
  const name = tag.replace(/\s+/g, '_');
  const lines: string[] = [];
  for (const [query, scores] of run) {
    for (const [place, id] of ranked(scores).entries()) lines.push(`${query} Q0 ${id} ${place + 1} ${scores.get(id)} ${name}\n`);
  }
  return lines.join('');
}
