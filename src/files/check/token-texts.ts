import { setImmediate } from 'node:timers/promises';
import type { GgufArray } from '../gguf-values.js';
import { StringTable } from './string-table.js';

/** Tokens after which other work gets its turn. */
const TURN = 16_384;
/** Steps for each token that a table of ordinary strings never needs. */
const MOST_STEPS = 16;
/**
 * Sum of the squares of the texts' bytes; models have less than 30 million. For a text of characters that stand for no byte, llama.cpp
 * makes one that long.
 */
const MOST_SQUARES = 2 ** 28;

/** What is wrong with the text of a token, the first of each kind. */
export interface TextFaults {
  /** Is there before, too. */
  readonly repeated?: number;
  /** Holds a zero byte, where llama.cpp ends a text. A text of nothing else is an empty one, as in jina-reranker-v1. */
  readonly cut?: number;
  /** Has more bytes than are allowed. */
  readonly long?: number;
  /** Up to here, the texts would take too much memory. */
  readonly bulk?: number;
}

/**
 * Looks through the texts of a vocabulary. Bytes are compared, and no strings are made of them: for 150,000 tokens that would take
 * 100 ms.
 */
export async function findTextFaults(tokens: GgufArray, longest: number): Promise<TextFaults> {
  const table = new StringTable(tokens);
  const faults: { -readonly [K in keyof TextFaults]: TextFaults[K] } = {};
  const empties: number[] = [];
  let squares = 0;
  let slow: Set<string> | undefined;
  for (let id = 0; id < tokens.length; id++) {
    if (id % TURN === TURN - 1) await setImmediate();
    const length = tokens.end(id) - tokens.begin(id);
    const empty = length === 0 || (length === 1 && tokens.bytes[tokens.begin(id)] === 0);
    if (empty) empties.push(id);
    if (length > longest) faults.long ??= id;
    squares += length ** 2;
    if (squares > MOST_SQUARES) faults.bulk ??= id;
    if (slow) {
      const text = tokens.rawText(id);
      if (slow.has(text)) faults.repeated ??= id;
      if (text.includes('\0') && !empty) faults.cut ??= id;
      slow.add(text);
      continue;
    }
    if (table.add(id)) faults.repeated ??= id;
    if (table.zero && !empty) faults.cut ??= id;
    // Only texts that were made for it all fall into the same places.
    if (table.steps > MOST_STEPS * (id + TURN)) slow = new Set(tokens.rawSlice(0, id + 1));
  }
  // Two at most: more are repeated.
  for (const empty of empties.slice(0, 2)) faults.repeated ??= findText(tokens, `[EMPTY_${empty}]`);
  return faults;
}

/** Id of the token with this text, which is plain ASCII. */
export function findText(tokens: GgufArray, text: string): number | undefined {
  for (let id = 0; id < tokens.length; id++) {
    if (tokens.end(id) - tokens.begin(id) === text.length && tokens.rawText(id) === text) return id;
  }
  return undefined;
}
