import MiniSearch from 'minisearch';
import { mapInTurns } from '../turns.js';
import { words } from './words.js';

/** What a query found: the place of a text in the list, and its BM25 score, above 0. */
export interface Hit {
  readonly index: number;
  readonly score: number;
}

/**
 * BM25 over a list of texts, with the statistics of that list:
 * `sum over the query's words of ln(1 + (N - df + 0.5) / (df + 0.5)) * tf * (k + 1) / (tf + k * (1 - b + b * length / mean length))`,
 * k 1.2, b 0.7; a word that the query has twice counts twice. As minisearch computes it, whose length of a text is that of its different words.
 */
export class Bm25 {
  readonly #index: MiniSearch<{ id: number; text: string }>;

  /**
   * Builds the index, in turns with other work.
   *
   * @throws the signal's reason, once it is aborted
   */
  static async of(texts: readonly string[], signal?: AbortSignal): Promise<Bm25> {
    const index = new MiniSearch<{ id: number; text: string }>({
      fields: ['text'],
      tokenize: words,
      processTerm: (term) => term,
    });
    await mapInTurns(texts, (text, id) => index.add({ id, text }), signal);
    return new Bm25(index);
  }

  private constructor(index: MiniSearch<{ id: number; text: string }>) {
    this.#index = index;
  }

  /** Texts with a word of the query, best first; equal scores in the order of the list. */
  search(query: string): Hit[] {
    const found = this.#index.search(query, { combineWith: 'OR', bm25: { k: 1.2, b: 0.7, d: 0 } });
    // minisearch multiplies by the number of words that were found, which is not in BM25's formula.
    return found
      .map(({ id, score, queryTerms }) => ({ index: id as number, score: score / queryTerms.length }))
      .sort((a, b) => b.score - a.score || a.index - b.index);
  }

  /** One score for each text, in the order of the list: 0 where it has no word of the query. */
  scores(query: string): Float64Array {
    const scores = new Float64Array(this.#index.documentCount);
    for (const { index, score } of this.search(query)) scores[index] = score;
    return scores;
  }
}
