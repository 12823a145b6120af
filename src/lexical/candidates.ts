import { mapInTurns } from '../turns.js';
import { words } from './words.js';

/** Characters of a query and of a text that are read: many times what an embedding model reads. */
const MOST_CHARACTERS = { query: 1 << 13, text: 1 << 14 };

/** Usual values of BM25's two parameters. */
const K = 1.2;
const B = 0.7;

/** How often a text has each word of the query, and how many words it has. */
interface Counts {
  readonly found: ReadonlyMap<string, number>;
  readonly length: number;
}

/**
 * BM25 of texts for one query, with the statistics of these texts alone:
 * `sum over the query's words of ln(1 + (N - df + 0.5) / (df + 0.5)) * tf * (k + 1) / (tf + k * (1 - b + b * length / mean length))`,
 * k 1.2, b 0.7. A word that the query has twice counts twice. Nothing is indexed, since the query is known.
 *
 * @returns one score for each text, 0 where it has no word of the query
 * @throws the signal's reason, once it is aborted
 */
export async function scoreCandidates(query: string, texts: readonly string[], signal?: AbortSignal): Promise<Float64Array> {
  const asked = words(query.slice(0, MOST_CHARACTERS.query));
  const wanted = new Set(asked);
  const all = await mapInTurns(texts, (text) => count(text.slice(0, MOST_CHARACTERS.text), wanted), signal);
  const mean = all.reduce((sum, { length }) => sum + length, 0) / all.length;
  const weights = new Map(Array.from(wanted, (word) => [word, idf(word, all)]));
  const scores = await mapInTurns(
    all,
    ({ found, length }) => {
      const norm = K * (1 - B + (B * length) / mean);
      return asked.reduce((sum, word) => {
        const tf = found.get(word) ?? 0;
        return tf === 0 ? sum : sum + ((weights.get(word) as number) * tf * (K + 1)) / (tf + norm);
      }, 0);
    },
    signal,
  );
  return Float64Array.from(scores);
}

function count(text: string, wanted: ReadonlySet<string>): Counts {
  const found = new Map<string, number>();
  const list = words(text);
  for (const word of list) if (wanted.has(word)) found.set(word, (found.get(word) ?? 0) + 1);
  return { found, length: list.length };
}

function idf(word: string, all: readonly Counts[]): number {
  const having = all.reduce((sum, { found }) => sum + (found.has(word) ? 1 : 0), 0);
  return Math.log(1 + (all.length - having + 0.5) / (having + 0.5));
}
