import type { Histogram } from './histogram.js';
import type { Report, System } from './report.js';

/** Marks are stretched to the page's width; texts are HTML beside them, so that they stay readable on a phone. */
const svg = (width: number, height: number, label: string, marks: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(label)}">${marks}</svg>`;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

const HEIGHT = 100;
/** Part of the height that a label takes, in per cent. */
const LABEL = 7;

/** For each system its queries' differences to the baseline in the first metric, highest first: a bar up for a win, down for a loss. */
export function winsAndLosses(report: Report): string[] {
  const metric = report.metrics[0] as string;
  const baseline = report.systems.find(({ label }) => label === report.baseline) as System;
  const compared = report.systems.filter((system) => system !== baseline);
  const lists = compared.map(({ queries }) =>
    Object.entries(queries)
      .filter(([query]) => baseline.queries[query] !== undefined)
      .map(([query, values]) => ({ query, value: (values[metric] as number) - (baseline.queries[query]?.[metric] as number) }))
      .sort((a, b) => b.value - a.value),
  );
  const most = lists.flat().reduce((largest, { value }) => Math.max(largest, Math.abs(value)), 0) || 1;
  return compared.map((system, i) => differences(system, report.baseline, lists[i] as Bar[], most));
}

interface Bar {
  query: string;
  value: number;
}

function differences({ label, difference }: System, baseline: string, bars: readonly Bar[], most: number): string {
  const half = HEIGHT / 2;
  const marks = bars.map(({ query, value }, i) => {
    const length = (Math.abs(value) / most) * half;
    if (length === 0) return '';
    const [kind, y] = value > 0 ? ['win', half - length] : ['loss', half];
    const title = `<title>${escapeHtml(query)} ${short(value)}</title>`;
    return `<rect class="${kind}" x="${i}" y="${y.toFixed(2)}" width="1" height="${length.toFixed(2)}">${title}</rect>`;
  });
  const zero = `<path class="axis" d="M0 ${half}H${bars.length}"/>`;
  const { wins = 0, losses = 0, ties = 0 } = difference ?? {};
  const caption = `${label} against ${baseline}: ${wins} won, ${losses} lost, ${ties} equal`;
  return figure(
    `<b>${escapeHtml(label)}</b> <span class="win">${wins} won</span>, <span class="loss">${losses} lost</span>, ${ties} equal`,
    `<div class="plot">${svg(Math.max(bars.length, 1), HEIGHT, caption, marks.join('') + zero)}` +
      `<div class="y"><span>+${short(most)}</span><span>0</span><span>−${short(most)}</span></div></div>`,
  );
}

/** Scores of relevant and of all other documents, each as a part of its own number, so that the few relevant ones can be seen. */
export function scoreHistogram(label: string, { low, high, relevant, other }: Histogram): string {
  const parts = [
    ['other', other],
    ['relevant', relevant],
  ] as const;
  const shares = parts.map(([kind, counts]) => {
    const sum = counts.reduce((a, b) => a + b, 0) || 1;
    return [kind, counts.map((count) => count / sum)] as const;
  });
  const most = Math.max(...shares.flatMap(([, values]) => values)) || 1;
  const marks = shares.map(([kind, values]) => {
    const steps = values.map(
      (value, i) => `${i === 0 ? 'M0' : 'H'}${i === 0 ? ` ${HEIGHT}` : i}V${(HEIGHT - (value / most) * HEIGHT).toFixed(2)}`,
    );
    return `<path class="${kind}" d="${steps.join('')}H${values.length}V${HEIGHT}Z"/>`;
  });
  const caption = `Scores of ${label}, from ${short(low)} to ${short(high)}`;
  return figure(
    `<b>${escapeHtml(label)}</b>`,
    `<div class="plot">${svg(relevant.length, HEIGHT, caption, marks.join(''))}<div class="y"><span>${Math.round(most * 100)} %</span><span>0</span></div></div>` +
      `<div class="x"><span>${short(low)}</span><span>score</span><span>${short(high)}</span></div>`,
  );
}

/** Time a query against the first metric with its interval. Systems without a time are lines. */
export function speedAgainstQuality({ systems, metrics }: Report): string {
  const metric = metrics[0] as string;
  const points = systems.map(({ label, mean, time }) => ({
    label,
    time: time?.secondsPerQuery,
    ...(mean[metric] as { value: number; low: number; high: number }),
  }));
  const times = points.flatMap(({ time }) => (time === undefined || time <= 0 ? [] : [time]));
  if (times.length === 0) return '';
  const x = scale(Math.min(...times), Math.max(...times), Math.log);
  const y = scale(Math.min(...points.map(({ low }) => low)), Math.max(...points.map(({ high }) => high)), (value) => value);
  const top = (value: number): number => 100 - y.at(value) * 100;
  // Labels of points with nearly the same value would lie on each other.
  let lowest = Number.NEGATIVE_INFINITY;
  const marks = points
    .sort((a, b) => b.value - a.value)
    .map(({ label, time, value, low, high }) => {
      const text = `${escapeHtml(label)} <small>${value.toFixed(3)}</small>`;
      if (time === undefined) return `<i class="level" style="top:${top(value).toFixed(1)}%"><span>${text}</span></i>`;
      const left = x.at(time) * 100;
      const side = left > 50 ? `end" style="right:${(100 - left).toFixed(1)}%` : `" style="left:${left.toFixed(1)}%`;
      lowest = Math.max(top(value), lowest + LABEL);
      return (
        `<i class="range" style="left:${left.toFixed(1)}%;top:${top(high).toFixed(1)}%;bottom:${(y.at(low) * 100).toFixed(1)}%"></i>` +
        `<i class="point" style="left:${left.toFixed(1)}%;top:${top(value).toFixed(1)}%"></i>` +
        `<span class="label ${side};top:${lowest.toFixed(1)}%">${text}</span>`
      );
    });
  return figure(
    `${escapeHtml(metric)} by time a query, with intervals`,
    `<div class="plot tall"><div class="field" role="img" aria-label="Speed against quality; the table has the numbers">${marks.join('')}</div>` +
      `<div class="y"><span>${short(y.high)}</span><span>${short(y.low)}</span></div></div>` +
      `<div class="x"><span>${duration(x.low)}</span><span>a query, logarithmic</span><span>${duration(x.high)}</span></div>`,
  );
}

/** From values to 0 to 1, with some room around. */
function scale(low: number, high: number, through: (value: number) => number) {
  const [a, b] = [through(low), through(high)];
  const room = (b - a) * 0.12 || Math.abs(a) * 0.1 || 0.1;
  const back = through === Math.log ? Math.exp : (value: number) => value;
  return {
    low: back(a - room),
    high: back(b + room),
    at: (value: number): number => (through(value) - a + room) / (b - a + 2 * room),
  };
}

export const duration = (seconds: number): string => (seconds < 1 ? `${short(seconds * 1000)} ms` : `${short(seconds)} s`);

const figure = (caption: string, content: string): string => `<figure><figcaption>${caption}</figcaption>${content}</figure>`;
