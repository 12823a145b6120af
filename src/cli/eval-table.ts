import type { Report, System } from '../eval/index.js';
import { count, seconds } from './numbers.js';
import { style } from './style.js';
import { fitStart, oneLine, pad, wrap } from './width.js';

const GAP = '  ';
const LONGEST_LABEL = 24;

/** A report for people: the first metric with intervals and the comparison, then the means of all others. */
export function evalTable(report: Report, { columns, color }: { columns: number; color: boolean }): string {
  const paint = style(color);
  const [first = '', ...others] = report.metrics;
  const rows = report.systems.map((system) => mainRow(system, first));
  const main = align([['', first, `against ${report.baseline}`, 'tau', `top-${report.depth}`, 'a query'], ...rows]);
  const rest = align([
    ['', ...others],
    ...report.systems.map((system) => [name(system), ...others.map((metric) => value(system, metric))]),
  ]);
  const { resamples, level } = report.interval;
  const head =
    `${report.dataset}, ${report.split}: ${count(report.queries)} queries, best ${report.topK} of ${report.firstStage}. ` +
    `± and [ ]: ${level * 100} % intervals of ${count(resamples)} resamples; tau and top-${report.depth}: agreement with ${report.baseline}`;
  const lines = [...wrap(oneLine(head), columns).map(paint.dim), '', paint.dim(main[0] as string)];
  for (const [index, system] of report.systems.entries()) {
    const sign = system.difference;
    const colored =
      sign === null ? paint.dim : sign.low > 0 ? paint.green : sign.high < 0 ? paint.yellow : (text: string) => text;
    lines.push(colored(main[index + 1] as string));
  }
  if (others.length > 0) lines.push('', paint.dim(rest[0] as string), ...rest.slice(1));
  const cut = report.systems.filter(({ truncatedQueries }) => truncatedQueries);
  if (cut.length > 0) {
    const parts = cut.map(({ label, truncatedQueries }) => `${oneLine(label)} ${count(truncatedQueries ?? 0)}`);
    lines.push(
      '',
      ...wrap(`queries for which only the beginning of a text was read: ${parts.join(', ')}`, columns).map(paint.dim),
    );
  }
  return `${lines.join('\n')}\n`;
}

function mainRow(system: System, metric: string): string[] {
  const { difference, kendallTau, overlap, time } = system;
  const mean = system.mean[metric];
  return [
    name(system),
    mean === undefined ? '' : `${mean.value.toFixed(4)} ±${((mean.high - mean.low) / 2).toFixed(4)}`,
    difference === null ? '' : `${signed(difference.value)} [${signed(difference.low)}, ${signed(difference.high)}]`,
    kendallTau === null ? '' : kendallTau.toFixed(2),
    overlap === null ? '' : overlap.toFixed(2),
    time === null ? '' : seconds(time.secondsPerQuery * 1000),
  ];
}

const name = ({ label }: System): string => fitStart(oneLine(label), LONGEST_LABEL);

const value = (system: System, metric: string): string => system.mean[metric]?.value.toFixed(4) ?? '';

const signed = (number: number): string => `${number < 0 ? '-' : '+'}${Math.abs(number).toFixed(3)}`;

/** Names to the left, numbers to the right. */
function align(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column === 0 ? 'right' : 'left'))
      .join(GAP)
      .trimEnd(),
  );
}
