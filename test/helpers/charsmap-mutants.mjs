// @ts-check
// Models whose table of replaced characters was changed: llama.cpp follows it for every text.
import { itemsOf, putTogether, value, withEntries } from './gguf-pieces.mjs';

const KEY = 'tokenizer.ggml.precompiled_charsmap';

/**
 * @param {string} kind for the names
 * @param {import('./gguf-pieces.mjs').Pieces} pieces
 * @param {() => number} random from 0 to 1
 * @param {number} count
 * @returns {import('./mutants.mjs').Mutant[]} none for a model without such a table
 */
export function charsmapMutants(kind, pieces, random, count) {
  const entry = pieces.entries.find(({ key }) => key.toString() === KEY);
  if (!entry) return [];
  const table = Buffer.concat(itemsOf(entry.value).items);
  const used = Array.from({ length: table.length >> 2 }, (_, i) => i * 4).filter((at) => table.readUInt32LE(at) !== 0);
  const below = (/** @type {number} */ most) => Math.floor(random() * most);
  return Array.from({ length: count }, (_, i) => {
    const copy = Buffer.from(table);
    for (let n = 1 + below(3); n > 0; n--) {
      // Most of the table is empty, and what is changed there is never seen.
      const at = /** @type {number} */ (used[below(used.length)]);
      const way = random();
      if (way < 0.5) copy.writeUInt32LE((copy.readUInt32LE(at) ^ (1 << below(32))) >>> 0, at);
      else if (way < 0.75) copy[at + below(4)] = below(256);
      else copy.writeUInt32LE(below(2 ** 32), at);
    }
    return {
      name: `${kind}: charsmap with random bytes ${i}`,
      make: () => putTogether(withEntries(pieces, { [KEY]: value.list(0, [copy], copy.length) })),
    };
  });
}
