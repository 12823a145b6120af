import { count, seconds } from './numbers.js';
import type { Ranking } from './output.js';
import { wrap } from './width.js';

const SEPARATOR = ' · ';

/** What the ranking took: model, sizes, the time of each stage, and what the model did not see. */
export function footer(ranking: Ranking, documents: number, loadMilliseconds: number, columns: number): string {
  const { model, response } = ranking;
  const { usage, results } = response;
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
  const notes: string[] = results.length === 0 ? ['no document has the score that --min-score asks for'] : [];
  if (results.some((result) => result.truncated)) {
    notes.push('* only the beginning was read (--max-document-tokens)');
  }
  if (usage.queryTruncated) notes.push(`the query was cut to ${count(usage.queryTokens, 'token')} (--max-query-tokens)`);
  if (usage.overflow === 'split') notes.push(`the documents did not fit one prompt and were ranked in ${usage.blocks} blocks`);
  if (usage.overflow === 'truncate') notes.push('the documents did not fit one prompt and were cut');
  return [...wrap(parts.join(SEPARATOR), columns, SEPARATOR), ...notes.flatMap((note) => wrap(note, columns))].join('\n');
}
