import type { Tokenizer } from './family.js';
import { mapInTurns } from './turns.js';

/** A place in a prompt that holds a special token, written as the vocabulary names it. */
export interface Special {
  readonly special: string;
}

/** Each text of a prompt is tokenized as one string. */
export type PromptPart = string | Special;

/** A text as it enters the prompt. */
export interface CutText {
  readonly text: string;
  /** Tokens of the text on its own, after the cut. */
  readonly tokens: number;
  readonly truncated: boolean;
}

/** Texts in Unicode's normal form C, which the model's tokenizer expects and llama.cpp does not bring about. */
export function normalize(texts: readonly string[], signal?: AbortSignal): Promise<string[]> {
  return mapInTurns(texts, (text) => text.normalize('NFC'), signal);
}

/**
 * Keeps the first `limit` tokens of each text. A text that reaches the limit goes through tokens and back, as in the reference
 * (`modeling.py`, `truncate_texts`); a character that the cut would split is left out.
 *
 * @param texts already NFC
 */
export async function cutTexts(
  tokenizer: Tokenizer,
  texts: readonly string[],
  limit: number,
  signal?: AbortSignal,
): Promise<CutText[]> {
  const ids = await tokenizer.tokenize(texts, signal);
  const long = ids.flatMap((list, i) => (list.length >= limit ? [i] : []));
  const kept = await tokenizer.detokenize(long.map((i) => (ids[i] as Int32Array).subarray(0, limit)));
  const cut = new Map(long.map((i, k) => [i, kept[k] as string]));
  return texts.map((text, i) => {
    const tokens = (ids[i] as Int32Array).length;
    return { text: cut.get(i) ?? text, tokens: Math.min(tokens, limit), truncated: tokens > limit };
  });
}
