import { concat } from '../batches.js';
import type { Tokenizer } from '../family.js';
import type { PromptPart } from '../texts.js';
import { mapInTurns } from '../turns.js';

/** Ids by the text that stands for them. */
export type TokenIds = ReadonlyMap<string, number>;

/**
 * Tokens of lists of parts. Each text is one string, in which tokens that are user-defined become their ids, as in the original
 * tokenizer (of several at one place the longest); no control token does.
 */
export async function encodeParts(
  tokenizer: Tokenizer,
  lists: readonly (readonly PromptPart[])[],
  control: TokenIds,
  userDefined: TokenIds,
  signal?: AbortSignal,
): Promise<Int32Array[]> {
  const pattern = patternOf([...userDefined.keys()]);
  const piecesOf = (part: PromptPart): (string | number)[] => {
    if (typeof part !== 'string') return [(control.get(part.special) ?? userDefined.get(part.special)) as number];
    // With a group in the pattern, what was between the texts is in the list as well.
    const texts = pattern ? part.split(pattern) : [part];
    return texts.filter((text) => text !== '').map((text) => userDefined.get(text) ?? text);
  };
  const split = await mapInTurns(lists, (parts) => parts.flatMap(piecesOf), signal);
  const runs = split.flatMap((parts) => parts.filter((part) => typeof part === 'string'));
  const ids = await tokenizer.tokenize(runs, signal);
  let next = 0;
  const join = (parts: readonly (string | number)[]) =>
    concat(parts.map((part) => (typeof part === 'string' ? (ids[next++] as Int32Array) : [part])));
  return mapInTurns(split, join, signal);
}

function patternOf(texts: readonly string[]): RegExp | undefined {
  if (texts.length === 0) return undefined;
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})`, 'u');
}

/** How many tokens two lists have in common at their beginning. */
export function commonLength(a: Int32Array, b: Int32Array): number {
  const differs = a.findIndex((id, i) => id !== b[i]);
  return differs < 0 ? a.length : differs;
}
