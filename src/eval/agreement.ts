/**
 * Kendall's tau of two rankings, over the documents that both have: pairs in the same order less pairs in the other, by all pairs. 1 is the same
 * order, -1 the reverse (Kendall, A new measure of rank correlation, Biometrika 1938). Undefined for fewer than two documents.
 */
export function kendallTau(a: readonly string[], b: readonly string[]): number | undefined {
  const places = new Map(b.map((id, place) => [id, place]));
  const list = a.map((id) => places.get(id)).filter((place) => place !== undefined);
  const pairs = (list.length * (list.length - 1)) / 2;
  if (pairs === 0) return undefined;
  let swapped = 0;
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) if ((list[i] as number) > (list[j] as number)) swapped++;
  }
  return 1 - (2 * swapped) / pairs;
}

/** Which part of the best `k` of two rankings is the same; of shorter ones, of the shorter one's length. */
export function overlap(a: readonly string[], b: readonly string[], k: number): number {
  const best = new Set(a.slice(0, k));
  const most = Math.min(k, a.length, b.length);
  return most === 0 ? 0 : b.slice(0, k).filter((id) => best.has(id)).length / most;
}
