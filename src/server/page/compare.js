// @ts-check
/** @typedef {{ index: number, relevance_score: number }} Scored */
/** @typedef {{ kind: 'up' | 'down' | 'same' | 'absent', places: number, before: number }} Change */

/**
 * Place of each document in a ranking, from 1.
 * @param {readonly Scored[]} results best first
 * @returns {Map<number, number>} by document index
 */
export function ranksOf(results) {
  return new Map(results.map(({ index }, i) => [index, i + 1]));
}

/**
 * How a document moved.
 * @param {number} rank
 * @param {number | undefined} before absent: the other list does not show it
 * @returns {Change}
 */
export function changeOf(rank, before) {
  if (before === undefined) return { kind: 'absent', places: 0, before: 0 };
  if (before === rank) return { kind: 'same', places: 0, before };
  return { kind: before > rank ? 'up' : 'down', places: Math.abs(before - rank), before };
}

/**
 * How many documents two rankings share among their first.
 * @param {readonly Scored[]} a
 * @param {readonly Scored[]} b
 * @param {number} most
 */
export function agreement(a, b, most) {
  const first = Math.min(most, a.length, b.length);
  const others = new Set(b.slice(0, first).map(({ index }) => index));
  const shared = a.slice(0, first).filter(({ index }) => others.has(index)).length;
  return { first, shared };
}

/**
 * Span that the bars show. A cosine is seldom negative: the left half is shown only if one is.
 * @param {'cosine' | 'probability' | 'blend'} kind
 * @param {readonly Scored[]} results
 */
export function scaleOf(kind, results) {
  const least = kind !== 'probability' && results.some((result) => result.relevance_score < 0) ? -1 : 0;
  return { least, most: 1 };
}

/**
 * Where the bar of a score begins and how long it is, in percent of the track.
 * @param {number} score
 * @param {{ least: number, most: number }} scale
 */
export function barOf(score, { least, most }) {
  const at = (/** @type {number} */ value) => ((Math.min(Math.max(value, least), most) - least) / (most - least)) * 100;
  const [from, to] = [at(Math.min(score, 0)), at(Math.max(score, 0))];
  return { start: from, size: to - from };
}
