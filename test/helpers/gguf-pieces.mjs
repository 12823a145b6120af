// @ts-check
// GGUF files as pieces that can be changed into files that no writer would write.

/**
 * @typedef {{ key: Buffer, value: Buffer }} Entry `value` begins with its type.
 * @typedef {{ name: Buffer, shape: bigint[], type: number, offset: bigint }} TensorPiece `offset` counts from where the data begins.
 *
 * @typedef {object} Pieces
 * @property {number} version
 * @property {Entry[]} entries
 * @property {TensorPiece[]} tensors
 * @property {Buffer} data
 * @property {bigint} [entryCount] What the header says instead of the truth.
 * @property {bigint} [tensorCount]
 */

const ALIGNMENT = 32;
/** Bytes of a value by the number of its type; strings and lists have their own length. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const STRING = 8;
const ARRAY = 9;

/** @param {number} value */
export function word(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** @param {number | bigint} value */
export function long(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

/** A length and its bytes. @param {string | Buffer} text */
export function counted(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([long(bytes.length), bytes]);
}

/** Values with their types, as an entry holds them. */
export const value = {
  /** @param {number} n */
  u16: (n) => Buffer.concat([word(2), Buffer.from([n & 255, n >> 8])]),
  /** @param {number} n */
  u32: (n) => Buffer.concat([word(4), word(n)]),
  /** @param {number} n */
  i32: (n) => Buffer.concat([word(5), word(n)]),
  /** @param {number} n */
  f32: (n) => Buffer.concat([word(6), Buffer.from(Float32Array.of(n).buffer)]),
  /** @param {boolean} b */
  bool: (b) => Buffer.concat([word(7), Buffer.from([b ? 1 : 0])]),
  /** @param {string | Buffer} s */
  text: (s) => Buffer.concat([word(STRING), counted(s)]),
  /** @param {bigint | number} n */
  u64: (n) => Buffer.concat([word(10), long(n)]),
  /**
   * @param {number} type
   * @param {Buffer[]} items Each as it is in a list.
   * @param {bigint | number} [count]
   */
  list: (type, items, count = items.length) => Buffer.concat([word(ARRAY), word(type), long(count), ...items]),
};

/** @param {Buffer} file A good GGUF file. @returns {Pieces} */
export function takeApart(file) {
  let at = 24;
  const count = (/** @type {number} */ where) => Number(file.readBigUInt64LE(where));
  const pass = (/** @type {number} */ type, /** @type {number} */ from) =>
    type === STRING ? from + 8 + count(from) : from + /** @type {number} */ (SIZES[type]);
  const text = () => {
    const bytes = file.subarray(at + 8, at + 8 + count(at));
    at += 8 + bytes.length;
    return bytes;
  };
  const entries = Array.from({ length: count(16) }, () => {
    const key = text();
    const begin = at;
    const type = file.readUInt32LE(at);
    at += 4;
    if (type === ARRAY) {
      const items = file.readUInt32LE(at);
      const length = count(at + 4);
      at += 12;
      for (let i = 0; i < length; i++) at = pass(items, at);
    } else at = pass(type, at);
    return { key, value: file.subarray(begin, at) };
  });
  const tensors = Array.from({ length: count(8) }, () => {
    const name = text();
    const dimensions = file.readUInt32LE(at);
    const shape = Array.from({ length: dimensions }, (_, i) => file.readBigUInt64LE(at + 4 + 8 * i));
    at += 4 + 8 * dimensions + 12;
    return { name, shape, type: file.readUInt32LE(at - 12), offset: file.readBigUInt64LE(at - 8) };
  });
  return { version: file.readUInt32LE(4), entries, tensors, data: file.subarray(padded(at)) };
}

/** @param {Pieces} pieces */
export function putTogether(pieces) {
  const header = headerOf(pieces);
  return Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length), pieces.data]);
}

/** @param {Pieces} pieces */
export function headerOf({ version, entries, tensors, entryCount, tensorCount }) {
  return Buffer.concat([
    Buffer.from('GGUF'),
    word(version),
    long(tensorCount ?? tensors.length),
    long(entryCount ?? entries.length),
    ...entries.flatMap(({ key, value }) => [counted(key), value]),
    ...tensors.flatMap(({ name, shape, type, offset }) => [
      counted(name),
      word(shape.length),
      ...shape.map(long),
      word(type),
      long(offset),
    ]),
  ]);
}

/** The items of a list entry. @param {Buffer} list */
export function itemsOf(list) {
  const type = list.readUInt32LE(4);
  const items = [];
  for (let at = 16; at < list.length; ) {
    const end = type === STRING ? at + 8 + Number(list.readBigUInt64LE(at)) : at + /** @type {number} */ (SIZES[type]);
    items.push(list.subarray(at, end));
    at = end;
  }
  return { type, items };
}

/**
 * The same file with other values, for tests that change a few keys; `undefined` takes an entry out.
 *
 * @param {Pieces} pieces
 * @param {Record<string, Buffer | undefined>} values
 * @returns {Pieces}
 */
export function withEntries(pieces, values) {
  const kept = pieces.entries.filter(({ key }) => !Object.hasOwn(values, key.toString()));
  const changed = pieces.entries.flatMap((entry) => {
    const other = values[entry.key.toString()];
    return kept.includes(entry) ? [entry] : other ? [{ key: entry.key, value: other }] : [];
  });
  const known = new Set(pieces.entries.map(({ key }) => key.toString()));
  const added = Object.entries(values).flatMap(([key, other]) =>
    other && !known.has(key) ? [{ key: Buffer.from(key), value: other }] : [],
  );
  return { ...pieces, entries: [...changed, ...added] };
}

/**
 * The same file with one tensor changed.
 *
 * @param {Pieces} pieces
 * @param {string} name
 * @param {Partial<TensorPiece>} change
 * @returns {Pieces}
 */
export function withTensor(pieces, name, change) {
  const tensors = pieces.tensors.map((tensor) => (tensor.name.toString() === name ? { ...tensor, ...change } : tensor));
  return { ...pieces, tensors };
}

/** @param {number} offset */
function padded(offset) {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
