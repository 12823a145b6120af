import { setImmediate } from 'node:timers/promises';
import type { Tokenizer } from '../family.js';
import { type Merges, mergeCharacters } from './character-bpe.js';

/** A vocabulary as GGUF files keep it. */
export interface JinaVocabulary {
  readonly tokens: Texts;
  /** Two texts with a blank between them, the most important first. */
  readonly merges: Texts;
  readonly unknown: number;
}

interface Texts {
  readonly length: number;
  at(index: number): unknown;
}

/** Words and runs of other characters, blanks left out: the pre-tokenizer `Whitespace` of the tokenizers library. */
const PIECES =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

/** Entries, characters or steps after which other work gets its turn. */
const TURN = 8192;

const CACHE = { words: 32_768, characters: 32 };

/**
 * The tokenizer of jina-reranker-v1, which llama.cpp does not have: it drops capital letters and misreads what is not ASCII. Unicode NFC, lower
 * case, words and runs of punctuation, byte pair encoding over characters. Source: the tokenizer.json of jinaai/jina-reranker-v1-tiny-en.
 */
export class JinaTokenizer implements Pick<Tokenizer, 'tokenize'> {
  readonly #merges: Merges;
  readonly #cache = new Map<string, Int32Array>();

  private constructor(merges: Merges) {
    this.#merges = merges;
  }

  /** @returns undefined if a merge is of or to a token that is not there */
  static async from({ tokens, merges, unknown }: JinaVocabulary): Promise<JinaTokenizer | undefined> {
    const size = tokens.length;
    const ids = new Map<string, number>();
    for (let id = 0; id < size; id++) {
      ids.set(tokens.at(id) as string, id);
      if (id % TURN === TURN - 1) await setImmediate();
    }
    const pairs = new Map<number, number>();
    for (let rank = 0; rank < merges.length; rank++) {
      const merge = merges.at(rank) as string;
      const blank = merge.indexOf(' ', 1);
      const [left, right] = [merge.slice(0, blank), merge.slice(blank + 1)];
      const [a, b, whole] = [ids.get(left), ids.get(right), ids.get(left + right)];
      if (a === undefined || b === undefined || whole === undefined) return undefined;
      pairs.set(a * size + b, rank * size + whole);
      if (rank % TURN === TURN - 1) await setImmediate();
    }
    return new JinaTokenizer({ ids, pairs, size, unknown });
  }

  /** Ids of each text, without the special ones. Gives other work its turn in between. */
  async tokenize(texts: readonly string[], signal?: AbortSignal): Promise<Int32Array[]> {
    const all: Int32Array[] = [];
    let since = 0;
    const pause = async (): Promise<void> => {
      since = 0;
      await setImmediate();
      signal?.throwIfAborted();
    };
    for (const text of texts) {
      const normal = normalized(text);
      const ids = new Int32Array(normal.length);
      let count = 0;
      for (const [piece] of normal.matchAll(PIECES)) {
        const part = this.#cache.get(piece) ?? (await this.#split(piece, pause));
        ids.set(part, count);
        count += part.length;
        since += piece.length;
        if (since >= TURN) await pause();
      }
      all.push(ids.slice(0, count));
      // A text of blanks has no pieces.
      since += text.length / 16;
      if (since >= TURN) await pause();
    }
    return all;
  }

  async #split(piece: string, pause: () => Promise<void>): Promise<Int32Array> {
    const steps = mergeCharacters(piece, this.#merges);
    let step = steps.next();
    for (; !step.done; step = steps.next()) await pause();
    if (piece.length <= CACHE.characters) {
      if (this.#cache.size >= CACHE.words) this.#cache.clear();
      this.#cache.set(piece, step.value);
    }
    return step.value;
  }
}

/** In lower case, character by character: a string's own lower case has another letter for a sigma at the end of a word. */
function normalized(text: string): string {
  return text.normalize('NFC').replaceAll('\u03a3', '\u03c3').toLowerCase();
}
