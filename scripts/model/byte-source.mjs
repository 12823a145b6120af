// @ts-check
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Bytes of a file or of a buffer, read in order and by offset.
 *
 * @typedef {object} ByteSource
 * @property {number} size
 * @property {(offset: number, length: number) => Buffer} at
 * @property {() => void} close
 */

/**
 * @param {string | Buffer} input A path, or the file's content.
 * @returns {ByteSource}
 */
export function openBytes(input) {
  if (typeof input !== 'string')
    return { size: input.length, at: (offset, length) => input.subarray(offset, offset + length), close() {} };
  const file = openSync(input, 'r');
  return {
    size: fstatSync(file).size,
    at(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const n = readSync(file, bytes, done, length - done, offset + done);
        if (n === 0) break;
        done += n;
      }
      return bytes.subarray(0, done);
    },
    close: () => closeSync(file),
  };
}

const WINDOW = 1 << 20;

/** Reads a source from the beginning, one little-endian value after another. */
export class ByteReader {
  #source;
  /** @type {Buffer} */
  #window = Buffer.alloc(0);
  #start = 0;
  offset = 0;

  /** @param {ByteSource} source */
  constructor(source) {
    this.#source = source;
  }

  /** @param {number} length */
  take(length) {
    const { size } = this.#source;
    if (length > size - this.offset)
      throw new Error(`the file ends at byte ${size}, ${length} bytes are wanted at ${this.offset}`);
    let from = this.offset - this.#start;
    if (from + length > this.#window.length) {
      this.#window = this.#source.at(this.offset, Math.min(Math.max(length, WINDOW), size - this.offset));
      this.#start = this.offset;
      from = 0;
    }
    this.offset += length;
    return this.#window.subarray(from, from + length);
  }

  u32() {
    return this.take(4).readUInt32LE();
  }

  count() {
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`count ${value} at byte ${this.offset - 8} is too large`);
    return Number(value);
  }

  string() {
    return this.take(this.count()).toString('utf8');
  }
}
