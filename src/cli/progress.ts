import type { BulkProgress } from '../bulk/index.js';
import type { EvalProgress } from '../eval/index.js';
import type { Progress } from '../index.js';
import { bytes, count, wholeSeconds } from './numbers.js';
import { columnsOf, isTerminal, type OutputStream, type Shell } from './shell.js';
import { bar } from './style.js';

/** What a line can show. */
type AnyProgress = Progress | EvalProgress | BulkProgress;

export interface ProgressLine {
  update(progress: AnyProgress): void;
  /** Takes the line away. */
  clear(): void;
}

const NAMES: Record<AnyProgress['stage'], string> = {
  download: 'fetching',
  load: 'loading',
  states: 'ranking',
  corpus: 'reading the corpus',
  search: 'searching',
  queries: 'evaluating',
  jobs: 'ranking',
};
const BAR = 20;
/** Milliseconds before the first line (most work is done by then) and between two. */
const PATIENCE = 150;
const INTERVAL = 100;

/**
 * One line on the terminal that shows how far the work is, at what rate, and how long it takes still. It is written with
 * carriage returns and spaces only, so it suits NO_COLOR.
 */
export function progressLine(
  stream: OutputStream,
  columns: () => number,
  now: () => number = () => performance.now(),
): ProgressLine {
  const created = now();
  let stage: string | undefined;
  let began = created;
  let first = 0;
  let drawn = 0;
  let width = 0;

  const draw = (text: string): void => {
    const line = text.slice(0, columns() - 1);
    stream.write(`\r${line.padEnd(width)}`);
    width = line.length;
  };
  return {
    update(progress) {
      const time = now();
      const current = `${progress.stage} ${'step' in progress ? progress.step?.index : ''}`;
      if (current !== stage) {
        stage = current;
        began = time;
        first = progress.done;
        drawn = 0;
      }
      if (time - created < PATIENCE || time - drawn < INTERVAL) return;
      drawn = time;
      draw(describeProgress(progress, time - began, first));
    },
    clear() {
      // Two columns more: the terminal may have shown ^C.
      if (width > 0) stream.write(`\r${' '.repeat(Math.min(width + 2, columns() - 1))}\r`);
      width = 0;
    },
  };
}

/** A progress line that shows nothing. */
export const SILENT: ProgressLine = { update() {}, clear() {} };

/** The progress line on stderr, or none where nobody looks or something else writes there. */
export function progressFor(wanted: boolean, { stderr, env }: Shell): ProgressLine {
  return wanted && isTerminal(stderr, env) ? progressLine(stderr, () => columnsOf(stderr, env)) : SILENT;
}

/** The progress line of commands that stay: it is there while a model is fetched and loaded. Without a terminal there is none. */
export function loadingLine(wanted: boolean, shell: Shell): ProgressLine {
  const { update, clear } = progressFor(wanted, shell);
  return {
    update(progress) {
      update(progress);
      if (progress.stage === 'load' && progress.done >= progress.total) clear();
    },
    clear,
  };
}

/** The same, with lines of a log where there is no terminal. */
export function loadingFor(wanted: boolean, shell: Shell): ProgressLine {
  return isTerminal(shell.stderr, shell.env) ? loadingLine(wanted, shell) : progressLog(wanted, shell.stderr);
}

/** Milliseconds between two lines of a log. Other stages are too short for lines. */
const LOG_INTERVALS: Partial<Record<AnyProgress['stage'], number>> = { download: 10_000, load: 10_000, jobs: 30_000 };

/** For logs: a line when a model begins to be fetched and every 10 seconds while it is fetched and loaded, every half minute about jobs. */
export function progressLog(wanted: boolean, stream: OutputStream, now: () => number = () => performance.now()): ProgressLine {
  let stage: string | undefined;
  let [began, first, written] = [0, 0, 0];
  return {
    update(progress) {
      const interval = LOG_INTERVALS[progress.stage];
      if (!wanted || interval === undefined) return;
      const time = now();
      const isNew = progress.stage !== stage;
      if (isNew) [stage, began, first, written] = [progress.stage, time, progress.done, time];
      if (isNew ? stage !== 'download' : time - written < interval) return;
      written = time;
      stream.write(`llama-rerank: ${describeProgress(progress, time - began, first, false)}\n`);
    },
    clear() {},
  };
}

/** `first`: what was done before, as of a download that is resumed; it says nothing about the rate. */
function describeProgress(progress: AnyProgress, elapsed: number, first: number, hasBar = true): string {
  const { stage, done, total } = progress;
  const step = 'step' in progress ? progress.step : undefined;
  const fraction = total > 0 ? Math.min(1, done / total) : 0;
  const name = step ? `${NAMES[stage]} ${step.index + 1}/${step.count}` : NAMES[stage];
  const percent = `${Math.floor(fraction * 100)}%`;
  const start = hasBar ? `${name} ${bar(fraction, BAR)} ${percent.padStart(4)}` : `${name} ${percent}`;
  if (stage === 'load' || stage === 'corpus') return start;
  const amount = stage === 'download' ? bytes : count;
  const unit = stage === 'states' ? 'tokens' : stage === 'jobs' ? 'jobs' : 'queries';
  const all = stage === 'download' ? bytes(total) : `${count(total)} ${unit}`;
  const parts = [start, `${amount(done)} of ${all}`];
  const fresh = done - first;
  if (fresh > 0 && elapsed > 0) {
    const rate = (fresh / elapsed) * 1000;
    if (rate >= 1) parts.push(`${amount(Math.round(rate))}/s`);
    if (done < total) parts.push(`${wholeSeconds(((total - done) * elapsed) / fresh)} left`);
  }
  return parts.join('  ');
}
