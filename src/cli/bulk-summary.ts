import type { BulkReport, Estimate } from '../bulk/index.js';
import { count, wholeSeconds } from './numbers.js';

/** Lines without results that are listed one by one. */
const MOST_LISTED = 20;

/** What a run did: its rate, each worker's, and what failed. */
export function summary({ jobs, lines, resumed, workers, failed, milliseconds }: BulkReport): string[] {
  const shares = [...workers].sort(([a], [b]) => (a < b ? -1 : 1));
  const done = shares.reduce((sum, [, share]) => sum + share.jobs, 0);
  const tokens = shares.reduce((sum, [, share]) => sum + share.tokens, 0);
  const earlier = resumed > 0 ? `, ${count(resumed)} of them in an earlier run` : '';
  const different = jobs === lines ? '' : ` (${count(jobs)} different)`;
  return [
    `${count(lines, 'line')}${different}${earlier}; ${count(done, 'job')} in ${wholeSeconds(milliseconds)}: ` +
      `${rate(done, milliseconds)} jobs/s, ${rate(tokens, milliseconds)} tokens/s`,
    ...(shares.length > 1 ? shares : []).map(
      ([name, share]) =>
        `  ${name}: ${count(share.jobs, 'job')}, ${rate(share.jobs, milliseconds)} jobs/s, busy ` +
        `${Math.round((100 * share.milliseconds) / milliseconds)}%`,
    ),
    ...failed.slice(0, MOST_LISTED).map(({ id, line, code, message }) => `  line ${line}, id ${id}: ${message} (${code})`),
    ...(failed.length > MOST_LISTED ? [`  and ${count(failed.length - MOST_LISTED)} more`] : []),
  ];
}

/** What `--dry-run` says. */
export function estimateText({ lines, jobs, documents, sampled, tokens, milliseconds }: Estimate): string {
  return [
    `lines      ${count(lines)}`,
    `jobs       ${count(jobs)} (lines that are the same but for the id are one)`,
    `pairs      ${count(documents)}`,
    `tokens     about ${count(tokens)}`,
    `time       about ${wholeSeconds(milliseconds)} in one process like this, by ${count(sampled, 'job')} that ${sampled === 1 ? 'was' : 'were'} computed`,
    '',
  ].join('\n');
}

function rate(amount: number, milliseconds: number): string {
  const value = milliseconds === 0 ? 0 : (amount / milliseconds) * 1000;
  return value >= 100 ? count(Math.round(value)) : String(Number(value.toPrecision(3)));
}
