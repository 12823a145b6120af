import { setImmediate } from 'node:timers/promises';

/** Milliseconds after which other work gets its turn. */
const TURN = 5;

/**
 * `list.map` for long lists: gives the event loop its turn in between.
 *
 * @throws the signal's reason, once it is aborted
 */
export async function mapInTurns<T, R>(
  list: readonly T[],
  map: (item: T, index: number) => R,
  signal?: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  let begin = performance.now();
  for (const [index, item] of list.entries()) {
    results.push(map(item, index));
    if (performance.now() - begin < TURN) continue;
    await setImmediate();
    signal?.throwIfAborted();
    begin = performance.now();
  }
  return results;
}
