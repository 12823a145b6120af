import type { RerankResult, StageReport } from '../index.js';
import type { InputDocument } from './documents.js';
import { bar, style } from './style.js';
import { displayWidth, fitEnd, fitStart, oneLine, pad, plainLines, wrap } from './width.js';

export interface TableOptions {
  columns: number;
  color: boolean;
  /** Print each document whole below its row, instead of the beginning in its row. */
  fullText: boolean;
  /** Of a cascade. */
  stages?: readonly StageReport[] | undefined;
}

const GAP = '  ';
const INDENT = '    ';
const SHORTEST_PREVIEW = 12;

/**
 * The results as a table for people: rank, score, a bar, the document's name or index, the beginning of its text. Bars show
 * where a score lies between the lowest and the highest of the shown scores and 0. `*` marks documents of which the model saw
 * only the beginning. A line stands where the results of another stage of a cascade begin: their bars have a scale of their own. Without `color`, nothing but text and line breaks comes out.
 */
export function rankTable(results: RerankResult<InputDocument>[], options: TableOptions): string {
  if (results.length === 0) return '';
  const paint = style(options.color);
  const scales = scalesOf(results);
  const layout = layOut(results, options.columns);
  const header = [
    pad('#', layout.rank, 'left'),
    pad('score', layout.score, 'left'),
    ' '.repeat(layout.bar),
    pad(layout.title, layout.label),
    ...(options.fullText ? [] : ['text']),
  ];
  const lines = [paint.dim(header.join(GAP).trimEnd())];
  for (const [place, result] of results.entries()) {
    const { stage = 0 } = result;
    if (place > 0 && stage !== (results[place - 1]?.stage ?? 0))
      lines.push(paint.dim(rule(options.stages?.[stage], options.columns)));
    const fraction = scales(stage)(result.relevanceScore);
    const color = fraction > 2 / 3 ? paint.green : fraction > 1 / 3 ? paint.yellow : paint.dim;
    const label = layout.labels[place] ?? '';
    const shown = folderOf(label) === '' ? fitStart(label, layout.label) : fitEnd(label, layout.label);
    const cells = [
      paint.dim(pad(String(place + 1), layout.rank, 'left')),
      pad(result.relevanceScore.toFixed(4), layout.score, 'left'),
      color(bar(fraction, layout.bar)),
      paint.bold(pad(shown, layout.label)),
    ];
    if (!options.fullText && layout.preview > 0) {
      const text = `${result.truncated ? '* ' : ''}${oneLine(result.document.text.trimStart().slice(0, layout.preview * 24))}`;
      cells.push(fitStart(text, layout.preview));
    }
    lines.push(cells.join(GAP).trimEnd());
    if (options.fullText) lines.push(...wholeText(result, options.columns));
  }
  return `${lines.join('\n')}\n`;
}

function wholeText(result: RerankResult<InputDocument>, columns: number): string[] {
  const lines = plainLines(`${result.truncated ? '* ' : ''}${result.document.text}`);
  return [...lines.flatMap((line) => wrap(line, columns - INDENT.length)).map((line) => (INDENT + line).trimEnd()), ''];
}

/** What the documents below it were scored by. */
function rule(stage: StageReport | undefined, columns: number): string {
  return fitStart(`${GAP}── below: scored by ${oneLine(stage?.model ?? 'another model')} only ──`, columns);
}

type Scale = (score: number) => number;

/** A scale for each stage. */
function scalesOf(results: RerankResult<InputDocument>[]): (stage: number) => Scale {
  const stages = [...new Set(results.map(({ stage = 0 }) => stage))];
  const scales = new Map(stages.map((stage) => [stage, scaleOf(results.filter((result) => (result.stage ?? 0) === stage))]));
  return (stage) => scales.get(stage) as Scale;
}

function scaleOf(results: RerankResult<InputDocument>[]): (score: number) => number {
  const scores = results.map((result) => result.relevanceScore);
  const low = scores.reduce((least, score) => Math.min(least, score), 0);
  const high = scores.reduce((most, score) => Math.max(most, score), 0);
  return (score) => (high > low ? (score - low) / (high - low) : 0);
}

interface Layout {
  rank: number;
  score: number;
  bar: number;
  label: number;
  preview: number;
  title: string;
  labels: string[];
}

function layOut(results: RerankResult<InputDocument>[], columns: number): Layout {
  const labels = labelsOf(results);
  const title = results.some((result) => result.document.id !== undefined) ? 'document' : 'index';
  const rank = Math.max(2, String(results.length).length);
  const score = 7;
  const barWidth = columns >= 100 ? 16 : columns >= 72 ? 10 : 6;
  const widest = labels.reduce((most, label) => Math.max(most, displayWidth(label.slice(0, 200))), title.length);
  const label = Math.min(widest, Math.max(title.length, Math.floor(columns * 0.3)));
  const rest = columns - rank - score - barWidth - label - 4 * GAP.length;
  return { rank, score, bar: barWidth, label, preview: rest < SHORTEST_PREVIEW ? 0 : rest, title, labels };
}

/** Names, without the folder that all of them share; the index where a document has no name. */
function labelsOf(results: RerankResult<InputDocument>[]): string[] {
  const ids = results.map(({ document }) => document.id);
  const shared = ids.map((id) => folderOf(String(id ?? ''))).reduce(commonFolder);
  return results.map((result, place) => oneLine(String(ids[place] ?? result.index).slice(shared.length)));
}

function folderOf(path: string): string {
  return /^.*[/\\]/.exec(path)?.[0] ?? '';
}

function commonFolder(a: string, b: string): string {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end++;
  return folderOf(a.slice(0, end));
}
