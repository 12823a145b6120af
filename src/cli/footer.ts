import type { RerankResult } from '../index.js';
import { count, seconds } from './numbers.js';
import type { Ranking } from './output.js';
import { wrap } from './width.js';

const SEPARATOR = ' · ';
const SCORES = {
  probability: 'probabilities, 0 to 1',
  cosine: 'cosines, -1 to 1',
  blend: 'cosines blended with BM25, for this list only',
};

function windowNote(results: readonly RerankResult<unknown>[]): string[] {
  const long = results.filter(({ chunk }) => (chunk?.count ?? 1) > 1).length;
  if (long === 0) return [];
  return [
    `${count(long, 'long document')} ${long === 1 ? 'was' : 'were'} read in windows, of which the best counts (--overflow chunk)`,
  ];
}

/** What the ranking took: model, sizes, the time of each stage, and what the model did not see. */
export function footer(ranking: Ranking, documents: number, loadMilliseconds: number, columns: number): string {
  const { model, response } = ranking;
  const { usage, results, stages = [] } = response;
  const { milliseconds } = usage;
  const computed = usage.totalTokens - usage.reusedTokens;
  const parts = [
    `${model.name} on ${model.device}`,
    `${count(documents, 'document')}, ${count(usage.totalTokens, 'token')}`,
    `load ${seconds(loadMilliseconds)}`,
    `tokens ${seconds(milliseconds.tokens)}`,
    `states ${seconds(milliseconds.states)}`,
    `score ${seconds(milliseconds.score)}`,
  ];
  if (milliseconds.states > 0) parts.push(`${count(Math.round((computed / milliseconds.states) * 1000), 'token')}/s`);
  const kinds = results.map(({ stage }) => stages[stage ?? -1]?.scoreKind ?? model.scoreKind);
  parts.push([...new Set(results.length > 0 ? kinds : [model.scoreKind])].map((kind) => SCORES[kind]).join(' above '));
  const notes: string[] = results.length === 0 ? ['no document has the score that --min-score asks for'] : [];
  for (const { complete, model: name, scored, documents: given } of stages) {
    if (!complete) notes.push(`the deadline came first: ${name} scored ${scored} of ${count(given, 'document')} (--deadline)`);
  }
  if (results.some((result) => result.truncated)) {
    notes.push('* only the beginning was read (--max-document-tokens)');
  }
  if (usage.queryTruncated) notes.push(`the query was cut to ${count(usage.queryTokens, 'token')} (--max-query-tokens)`);
  if (usage.overflow === 'split') notes.push(`the documents did not fit one prompt and were ranked in ${usage.blocks} blocks`);
  if (usage.overflow === 'truncate' && model.family === 'listwise')
    notes.push('the documents did not fit one prompt and were cut');
  if (usage.overflow === 'chunk') notes.push(...windowNote(results));
  return [...wrap(parts.join(SEPARATOR), columns, SEPARATOR), ...notes.flatMap((note) => wrap(note, columns))].join('\n');
}
