import { Heap } from './heap.js';

/** A vocabulary with its merges, by number. */
export interface Merges {
  /** Id of each token's text. */
  readonly ids: ReadonlyMap<string, number>;
  /** By `left * size + right`: the merge's rank and the id of what it makes, as `rank * size + id`. */
  readonly pairs: ReadonlyMap<number, number>;
  /** Above every id. */
  readonly size: number;
  /** Id of a character that has none. */
  readonly unknown: number;
}

/** Steps after which other work gets its turn. */
const TURN = 8192;

/** In place of a symbol that was merged with the one before it. */
const GONE = -1;

/** Places in the longest text, 1 MiB of UTF-8, after normalisation. */
const PLACES = 2 ** 23;

/**
 * Byte pair encoding over characters: of all neighbours that merge, those of the lowest rank do first, the leftmost of them first. The time
 * grows with n log n, whatever the word. Yields so that a long word does not hold up the caller.
 */
export function* mergeCharacters(word: string, { ids, pairs, size, unknown }: Merges): Generator<void, Int32Array> {
  const symbols = new Int32Array(word.length);
  let end = 0;
  for (const character of word) {
    symbols[end++] = ids.get(character) ?? unknown;
    if (end % TURN === 0) yield;
  }
  const next = new Int32Array(end);
  const previous = new Int32Array(end);
  for (let i = 0; i < end; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
  }
  const heap = new Heap();
  const offer = (left: number): void => {
    const right = left < 0 ? end : (next[left] as number);
    if (right === end) return;
    const merge = pairs.get((symbols[left] as number) * size + (symbols[right] as number));
    if (merge !== undefined) heap.push(Math.floor(merge / size) * PLACES + left);
  };
  for (let i = 0; i < end; i++) {
    offer(i);
    if (i % TURN === TURN - 1) yield;
  }
  let steps = 0;
  for (let first = heap.pop(); first !== undefined; first = heap.pop()) {
    if (++steps % TURN === 0) yield;
    const left = first % PLACES;
    const right = next[left] as number;
    if (right === end || symbols[left] === GONE) continue;
    const merge = pairs.get((symbols[left] as number) * size + (symbols[right] as number));
    // What was offered may have been merged with another neighbour since.
    if (merge === undefined || Math.floor(merge / size) !== Math.floor(first / PLACES)) continue;
    symbols[left] = merge % size;
    symbols[right] = GONE;
    const after = next[right] as number;
    next[left] = after;
    if (after < end) previous[after] = left;
    offer(previous[left] as number);
    offer(left);
  }
  let count = 0;
  for (let i = 0; i < end; i++) if (symbols[i] !== GONE) symbols[count++] = symbols[i] as number;
  return symbols.slice(0, count);
}
