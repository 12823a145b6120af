import type { Interval } from './bootstrap.js';
import { duration, escapeHtml, scoreHistogram, speedAgainstQuality, winsAndLosses } from './plots.js';
import type { Report, System } from './report.js';

const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --line: #dfe3e8; --text: #1b2027; --soft: #58616d;
  --win: #17703c; --loss: #b4532a; --relevant: #2450c8; --other: #868f9c; }
@media (prefers-color-scheme: dark) { :root { --page: #111418; --card: #191d23; --line: #2e353e; --text: #e7eaee; --soft: #a4adb9;
  --win: #6fcf97; --loss: #e08a62; --relevant: #93b4ff; --other: #77818e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; } h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
p, small { color: var(--soft); } p { margin: .4rem 0 1rem; max-width: 48rem; }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .8rem; text-align: right; white-space: nowrap; } th { font-weight: 500; color: var(--soft); }
tr > :first-child { text-align: left; position: sticky; left: 0; background: var(--card); } tbody th { color: var(--text); font-weight: 600; }
@media (max-width: 40rem) { tr > :first-child { min-width: 7rem; white-space: normal; overflow-wrap: anywhere; } }
tbody tr { border-top: 1px solid var(--line); } td small { display: block; line-height: 1.3; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; min-width: 0; }
figcaption { margin-bottom: .6rem; overflow-wrap: anywhere; }
.plot { display: flex; gap: .5rem; height: 9rem; } .plot.tall { height: 18rem; } .plot > :first-child { flex: 1; min-width: 0; height: 100%; }
.y { display: flex; flex-direction: column; justify-content: space-between; font-size: .8rem; line-height: 1; color: var(--soft); text-align: right; min-width: 3rem; }
.x { display: flex; justify-content: space-between; margin: .4rem 3.5rem 0 0; font-size: .8rem; color: var(--soft); }
rect { shape-rendering: crispEdges; } .win { color: var(--win); fill: var(--win); } .loss { color: var(--loss); fill: var(--loss); }
.axis { stroke: var(--other); vector-effect: non-scaling-stroke; }
.relevant { fill: var(--relevant); fill-opacity: .55; stroke: var(--relevant); vector-effect: non-scaling-stroke; }
.other { fill: var(--other); fill-opacity: .35; stroke: var(--other); vector-effect: non-scaling-stroke; }
.key::before { content: ""; display: inline-block; width: .8em; height: .8em; border-radius: .15em; margin: 0 .4em; background: var(--key); }
.field { position: relative; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.field i { position: absolute; font-style: normal; } .field span { position: absolute; white-space: nowrap; font-size: .85rem; line-height: 1.2; }
.point { width: .7rem; height: .7rem; margin: -.35rem; border-radius: 50%; background: var(--relevant); } 
.label { margin: -.55rem .8rem 0; }
.range { width: 2px; margin-left: -1px; background: var(--relevant); opacity: .45; }
.level { left: 0; right: 0; border-top: 1px dashed var(--other); } .level span { left: .5rem; top: .2rem; color: var(--soft); }
`;

/** A report as one HTML file that needs nothing else: a table and plots, light or dark as the reader's system is. */
export function htmlReport(report: Report): string {
  const { dataset, split, queries, firstStage, topK, baseline, interval, systems, metrics } = report;
  const [first = '', ...others] = metrics;
  const plots = (list: readonly string[]): string => `<div class="figures">${list.join('')}</div>`;
  const speed = speedAgainstQuality(report);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(dataset)}: ${escapeHtml(first)}</title>
<style>${STYLE}</style>
<h1>${escapeHtml(dataset)}</h1>
<p>${queries.toLocaleString('en-US')} queries (${escapeHtml(split)}), the best ${topK} documents of ${escapeHtml(firstStage)}. Compared with ${escapeHtml(baseline)}.
Intervals hold ${interval.level * 100} % of ${interval.resamples.toLocaleString('en-US')} bootstrap resamples of the queries (seed ${interval.seed}).</p>
<div class="wide" tabindex="0" role="region" aria-label="Metrics"><table>
<thead><tr><td></td><th>${escapeHtml(first)}</th><th>difference</th><th>Kendall tau</th><th>same top ${report.depth}</th><th>a query</th>${others.map((metric) => `<th>${escapeHtml(metric)}</th>`).join('')}</tr></thead>
<tbody>${systems.map((system) => row(system, metrics)).join('\n')}</tbody>
</table></div>
<h2>Queries won and lost</h2>
<p>Each bar is a query: by how much its ${escapeHtml(first)} differs from that of ${escapeHtml(baseline)}, highest first.</p>
${plots(winsAndLosses(report))}
<h2>Scores</h2>
<p>Of <span class="key" style="--key:var(--relevant)">relevant</span> and <span class="key" style="--key:var(--other)">all other</span> documents, each as a part of its own number. The less they overlap, the better a threshold separates them.</p>
${plots(systems.map(({ label, scores }) => scoreHistogram(label, scores)))}
${speed === '' ? '' : `<h2>Speed and quality</h2>${speed}`}
</html>
`;
}

function row({ label, mean, difference, kendallTau, overlap, time }: System, [first = '', ...others]: readonly string[]): string {
  const metric = (name: string): string => {
    const { value, low, high } = mean[name] as Interval;
    return `<td>${value.toFixed(4)}<small>${low.toFixed(3)} to ${high.toFixed(3)}</small></td>`;
  };
  const sign = difference === null ? '' : difference.low > 0 ? ' class="win"' : difference.high < 0 ? ' class="loss"' : '';
  const delta =
    difference === null
      ? ''
      : `${signed(difference.value, 4)}<small>${signed(difference.low, 3)} to ${signed(difference.high, 3)}</small>`;
  const rest = [kendallTau?.toFixed(2), overlap?.toFixed(2), time === null ? undefined : duration(time.secondsPerQuery)];
  return (
    `<tr><th>${escapeHtml(label)}</th>${metric(first)}<td${sign}>${delta}</td>` +
    `${rest.map((cell) => `<td>${cell ?? ''}</td>`).join('')}${others.map(metric).join('')}</tr>`
  );
}

const signed = (value: number, digits: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
