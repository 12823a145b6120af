import { setImmediate } from 'node:timers/promises';
import type { GgufArray } from '../gguf-values.js';
import { StringTable } from './string-table.js';

/** Tokens after which other work gets its turn. */
const TURN = 16_384;
/** Steps for each token that a table of ordinary strings never needs. */
const MOST_STEPS = 16;

/** What is wrong with the text of a token, the first of each kind. */
export interface TextFaults {
  /** Is there before, too. */
  readonly repeated?: number;
  /** Holds a zero byte, where llama.cpp ends a text. */
  readonly cut?: number;
  /** Has more bytes than are allowed. */
  readonly long?: number;
}

/**
 * Looks through the texts of a vocabulary. Bytes are compared, and no strings are made of them: for 150,000 tokens that would take
 * 100 ms.
 */
export async function findTextFaults(tokens: GgufArray, longest: number): Promise<TextFaults> {
  const table = new StringTable(tokens);
  const faults: { -readonly [K in keyof TextFaults]: TextFaults[K] } = {};
  let empty: number | undefined;
  let slow: Set<string> | undefined;
  for (let id = 0; id < tokens.length; id++) {
    if (id % TURN === TURN - 1) await setImmediate();
    const length = tokens.end(id) - tokens.begin(id);
    if (length === 0) empty = id;
    if (length > longest) faults.long ??= id;
    if (slow) {
      const text = tokens.rawText(id);
      if (slow.has(text)) faults.repeated ??= id;
      if (text.includes('\0')) faults.cut ??= id;
      slow.add(text);
      continue;
    }
    if (table.add(id)) faults.repeated ??= id;
    if (table.zero) faults.cut ??= id;
    // Only texts that were made for it all fall into the same places.
    if (table.steps > MOST_STEPS * (id + TURN)) slow = new Set(tokens.rawSlice(0, id + 1));
  }
  if (empty !== undefined) faults.repeated ??= findText(tokens, `[EMPTY_${empty}]`);
  return faults;
}

/** Id of the token with this text, which is plain ASCII. */
export function findText(tokens: GgufArray, text: string): number | undefined {
  for (let id = 0; id < tokens.length; id++) {
    if (tokens.end(id) - tokens.begin(id) === text.length && tokens.rawText(id) === text) return id;
  }
  return undefined;
}
