/** Tokens that neighbouring windows share at most; jina-reranker-v2's own. */
const OVERLAP = 80;

/**
 * Overlapping windows of `room` tokens that cover `length` tokens, as begin and end. The last one ends where the tokens do; each begins
 * before the one before it ends.
 */
export function windowsOf(length: number, room: number): [begin: number, end: number][] {
  const step = room - Math.min(OVERLAP, Math.floor(room / 4));
  const windows: [number, number][] = [];
  for (let begin = 0; ; begin += step) {
    windows.push([begin, Math.min(begin + room, length)]);
    if (begin + room >= length) return windows;
  }
}
