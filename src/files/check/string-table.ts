import type { GgufArray } from '../gguf-values.js';

/** A hash table of the strings of a list, by their index. No JavaScript strings are made. */
export class StringTable {
  /** Places that were looked at. */
  steps = 0;
  /** Whether the string that was added last holds a zero byte. */
  zero = false;
  readonly #places: Int32Array;
  readonly #hashes: Int32Array;

  constructor(private readonly list: GgufArray) {
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * list.length + 2)));
    this.#hashes = new Int32Array(list.length);
  }

  /** Adds the string of this index. Whether an equal one was there already. */
  add(index: number): boolean {
    const hash = this.#hash(index);
    this.#hashes[index] = hash;
    const mask = this.#places.length - 1;
    for (let at = (hash ^ (hash >>> 15)) & mask; ; at = (at + 1) & mask) {
      this.steps++;
      const other = (this.#places[at] as number) - 1;
      if (other < 0) {
        this.#places[at] = index + 1;
        return false;
      }
      if (this.#hashes[other] === hash && this.#equal(index, other)) return true;
    }
  }

  /** FNV-1a. */
  #hash(index: number): number {
    const { bytes } = this.list;
    const end = this.list.end(index);
    let hash = 0x811c9dc5;
    this.zero = false;
    for (let at = this.list.begin(index); at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === 0) this.zero = true;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    return hash;
  }

  #equal(a: number, b: number): boolean {
    const { bytes } = this.list;
    const [from, to, other] = [this.list.begin(a), this.list.end(a), this.list.begin(b)];
    return bytes.compare(bytes, from, to, other, this.list.end(b)) === 0;
  }
}
