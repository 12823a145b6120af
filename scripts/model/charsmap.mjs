// @ts-check

/** Nodes of which each has its own place for every byte that may follow. */
const BLOCK = 256;

/**
 * A table of replaced characters as sentencepiece writes it: the bytes of a trie, the trie as a double array, and the replacements,
 * each ending with a zero byte. Large for what it holds, since no two nodes share a block.
 *
 * @param {[from: string, to: string][]} pairs
 * @returns {number[]} bytes
 */
export function makeCharsmap(pairs) {
  /** Replacement and next nodes. @typedef {{ place: number, value?: number, next: Map<number, Node> }} Node */
  let places = 1;
  /** @returns {Node} */
  const newNode = () => ({ place: places++ * BLOCK, next: new Map() });
  const root = newNode();
  let replacements = Buffer.alloc(0);
  for (const [from, to] of pairs) {
    let node = root;
    for (const byte of Buffer.from(from)) {
      const next = node.next.get(byte) ?? newNode();
      node.next.set(byte, next);
      node = next;
    }
    node.value = replacements.length;
    replacements = Buffer.concat([replacements, Buffer.from(`${to}\0`)]);
  }
  const units = new Uint32Array(places * BLOCK);
  units[0] = root.place << 10;
  /** @param {Node} node */
  const fill = ({ place, value, next }) => {
    if (value !== undefined) units[place] = 2 ** 31 + value;
    for (const [byte, child] of next) {
      const at = place ^ byte;
      units[at] = (((at ^ child.place) << 10) | (child.value === undefined ? 0 : 0x100) | byte) >>> 0;
      fill(child);
    }
  };
  fill(root);
  const head = new Uint32Array([units.byteLength]);
  return [...Buffer.concat([Buffer.from(head.buffer), Buffer.from(units.buffer), replacements])];
}
