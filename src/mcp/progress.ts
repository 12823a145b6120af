import type { Progress } from '../index.js';

const STAGES: { stage: Progress['stage']; message: string }[] = [
  { stage: 'download', message: 'fetching the model' },
  { stage: 'load', message: 'loading the model' },
  { stage: 'states', message: 'ranking' },
];
const INTERVAL = 100;

export interface ProgressReport {
  progress: number;
  total: number;
  message: string;
}

/**
 * Turns progress into reports on one scale, since a client is to see numbers that only grow: each stage is one unit of three.
 * Not more than ten a second.
 */
export function progressReports(
  report: (report: ProgressReport) => void,
  now: () => number = () => performance.now(),
): (progress: Progress) => void {
  let last = 0;
  let reported = Number.NEGATIVE_INFINITY;
  return ({ stage, done, total }) => {
    const place = STAGES.findIndex((each) => each.stage === stage);
    const progress = place + (total > 0 ? Math.min(1, done / total) : 0);
    if (progress <= last || now() - reported < INTERVAL) return;
    last = progress;
    reported = now();
    report({ progress, total: STAGES.length, message: STAGES[place]?.message ?? stage });
  };
}
