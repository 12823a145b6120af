// @ts-check
import { closeSync, openSync, writeSync } from 'node:fs';
import { ALIGNMENT, align, MAGIC, SCALAR_BYTES, TENSOR_TYPES, tensorBytes, VALUE_CODES, VERSION } from './gguf-format.mjs';

/**
 * @typedef {import('./gguf-format.mjs').Scalar} Scalar
 * @typedef {import('./gguf-format.mjs').Value} Value
 * @typedef {import('./gguf-format.mjs').Metadata} Metadata
 *
 * @typedef {object} Tensor
 * @property {string} name
 * @property {string} type `F32`, `F16`, ...
 * @property {number[]} shape Length of a row first.
 * @property {() => Iterable<Uint8Array>} chunks The data, little-endian, in pieces.
 */

/**
 * Writes a GGUF v3 file. Only one chunk of a tensor's data is in memory at a time.
 *
 * @param {string} path
 * @param {Metadata} metadata
 * @param {Tensor[]} tensors
 * @param {(written: number, total: number) => void} [onProgress] Bytes of the file.
 */
export function writeGguf(path, metadata, tensors, onProgress) {
  const { header, total } = layOut(metadata, tensors);
  const file = openSync(path, 'w');
  let written = 0;
  /** @param {Uint8Array} bytes */
  const put = (bytes) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    written += bytes.length;
  };
  const pad = () => put(Buffer.alloc(align(written, ALIGNMENT) - written));
  try {
    put(header);
    for (const tensor of tensors) {
      pad();
      const end = written + tensorBytes(tensor.type, tensor.shape);
      for (const chunk of tensor.chunks()) {
        put(chunk);
        onProgress?.(written, total);
      }
      if (written !== end) throw new Error(`tensor ${tensor.name} gave ${written - end} bytes too many`);
    }
    pad();
  } finally {
    closeSync(file);
  }
}

/**
 * @param {Metadata} metadata
 * @param {Tensor[]} tensors
 */
function layOut(metadata, tensors) {
  const parts = [integer(MAGIC, 4), integer(VERSION, 4), integer(tensors.length, 8), integer(metadata.size, 8)];
  for (const [key, value] of metadata) parts.push(string(key), encodeValue(value, key));
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    parts.push(
      string(name),
      integer(shape.length, 4),
      ...shape.map((n) => integer(n, 8)),
      integer(TENSOR_TYPES[type]?.code ?? -1, 4),
      integer(offset, 8),
    );
    offset = align(offset + tensorBytes(type, shape), ALIGNMENT);
  }
  const header = Buffer.concat(parts);
  return { header, total: align(header.length, ALIGNMENT) + offset };
}

/**
 * @param {Value} entry
 * @param {string} key
 */
function encodeValue(entry, key) {
  if (entry.type !== 'array')
    return Buffer.concat([integer(VALUE_CODES[entry.type], 4), encodeScalar(entry.type, entry.value, key)]);
  const { items, value } = entry;
  const head = [integer(VALUE_CODES.array, 4), integer(VALUE_CODES[items], 4), integer(value.length, 8)];
  return Buffer.concat([...head, ...value.map((item) => encodeScalar(items, item, key))]);
}

/**
 * @param {Scalar} type
 * @param {string | number | boolean} value
 * @param {string} key
 */
function encodeScalar(type, value, key) {
  if (type === 'string') {
    if (typeof value !== 'string') throw new Error(`${key} holds ${value}, expected a string`);
    return string(value);
  }
  const bytes = Buffer.alloc(SCALAR_BYTES[type] ?? 0);
  if (type === 'f32') bytes.writeFloatLE(Number(value));
  else if (type === 'f64') bytes.writeDoubleLE(Number(value));
  else if (type === 'u64') bytes.writeBigUInt64LE(BigInt(value));
  else if (type === 'i64') bytes.writeBigInt64LE(BigInt(value));
  else if (type.startsWith('i')) bytes.writeIntLE(Number(value), 0, bytes.length);
  else bytes.writeUIntLE(Number(value), 0, bytes.length);
  return bytes;
}

/** @param {string} text */
function string(text) {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([integer(bytes.length, 8), bytes]);
}

/**
 * @param {number} value
 * @param {4 | 8} size
 */
function integer(value, size) {
  const bytes = Buffer.alloc(size);
  if (size === 4) bytes.writeUInt32LE(value);
  else bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
