/** XLM-RoBERTa's is 240,000. */
const MOST_BYTES = 2 ** 20;
/** Bytes of what is replaced, and of what it is replaced by: llama.cpp takes time and memory in proportion for each character. */
const LONGEST_KEY = 64;
const LONGEST_REPLACEMENT = 256;

/**
 * What is wrong with a table of replaced characters, which llama.cpp follows for every text: a trie in the form of a double array
 * (sentencepiece's `precompiled_charsmap`), then the replacements, each ending with a zero byte. Every way through the trie is taken.
 *
 * @returns what was found and what was expected, or undefined
 */
export function findCharsmapFault(bytes: Uint8Array): string | undefined {
  if (bytes.length < 8 || bytes.length > MOST_BYTES) return `has ${bytes.length} bytes, expected 8 to ${MOST_BYTES}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const trieBytes = view.getUint32(0, true);
  const begin = 4 + trieBytes;
  if (trieBytes < 4 || begin >= bytes.length) return `says that its trie has ${trieBytes} bytes, in ${bytes.length} bytes`;
  let zero = begin - 1;
  for (let at = begin; at < bytes.length; at++) {
    if (at - zero > LONGEST_REPLACEMENT) return `has a replacement of more than ${LONGEST_REPLACEMENT} bytes`;
    if (bytes[at] === 0) zero = at;
  }
  if (zero !== bytes.length - 1) return 'ends without a zero byte';
  const nodes = Uint32Array.from({ length: trieBytes >> 2 }, (_, i) => view.getUint32(4 + i * 4, true));
  return findTrieFault(nodes, bytes.length - begin);
}

const OUTSIDE = 'points outside of itself';
const TOO_LONG = `replaces more than ${LONGEST_KEY} bytes at once`;

/** @param replacements bytes of them */
function findTrieFault(nodes: Uint32Array, replacements: number): string | undefined {
  let fault: string | undefined;
  const node = (index: number): number => nodes[index] as number;
  const base = (index: number): number => (node(index) >>> 10) << ((node(index) & 0x200) >>> 6);
  /** By place: the longest way from there, and 1. */
  const known = new Uint8Array(nodes.length);
  const longest = (place: number, depth: number): number => {
    if ((place | 0xff) >= nodes.length) fault ??= OUTSIDE;
    if (depth > LONGEST_KEY) fault ??= TOO_LONG;
    if (fault !== undefined) return 0;
    if (known[place]) return (known[place] as number) - 1;
    let steps = 0;
    for (let character = 1; character < 256; character++) {
      const child = place ^ character;
      if ((node(child) & 0x800000ff) !== character) continue;
      const next = child ^ base(child);
      const leaf = (node(child) & 0x100) !== 0;
      if (leaf && (next >= nodes.length || (node(next) & 0x7fffffff) >= replacements)) fault ??= OUTSIDE;
      steps = Math.max(steps, 1 + longest(next, depth + 1));
      if (fault !== undefined) return 0;
    }
    known[place] = steps + 1;
    return steps;
  };
  if (longest(base(0), 0) > LONGEST_KEY) fault ??= TOO_LONG;
  return fault;
}
