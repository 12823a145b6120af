// @ts-check
import { ByteReader, openBytes } from './byte-source.mjs';
import { ALIGNMENT, align, MAGIC, SCALAR_BYTES, TENSOR_TYPES, tensorBytes, VALUE_CODES, VERSION } from './gguf-format.mjs';

/**
 * @typedef {import('./gguf-format.mjs').Scalar} Scalar
 * @typedef {import('./gguf-format.mjs').Value} Value
 * @typedef {import('./gguf-format.mjs').Metadata} Metadata
 *
 * @typedef {object} TensorInfo
 * @property {string} name
 * @property {string} type `F32`, `Q8_0`, ...
 * @property {number[]} shape Length of a row first.
 * @property {number} offset From the beginning of the file.
 * @property {number} bytes
 *
 * @typedef {object} Gguf
 * @property {Metadata} metadata
 * @property {TensorInfo[]} tensors In the order of the file.
 * @property {number} size Of the file.
 * @property {number} alignment
 * @property {(tensor: TensorInfo | string, offset?: number, length?: number) => Buffer} read Bytes of a tensor.
 */

const VALUE_NAMES = /** @type {(Scalar | 'array')[]} */ (Object.keys(VALUE_CODES));
const TENSOR_NAMES = new Map(Object.entries(TENSOR_TYPES).map(([name, type]) => [type.code, name]));

/**
 * Reads a whole GGUF file but its tensors' data, which `read` fetches.
 *
 * @param {string | Buffer} input A path, or the file's content.
 * @returns {Gguf}
 */
export function readGguf(input) {
  const source = openBytes(input);
  try {
    const reader = new ByteReader(source);
    if (reader.u32() !== MAGIC) throw new Error('not a GGUF file');
    const version = reader.u32();
    if (version !== VERSION) throw new Error(`GGUF version ${version}, expected ${VERSION}`);
    const tensorCount = reader.count();
    const metadata = readMetadata(reader, reader.count());
    const alignment = Number(metadata.get('general.alignment')?.value ?? ALIGNMENT);
    const relative = Array.from({ length: tensorCount }, () => readTensorInfo(reader));
    const data = align(reader.offset, alignment);
    const tensors = relative.map((tensor) => ({ ...tensor, offset: data + tensor.offset }));
    return {
      metadata,
      tensors,
      size: source.size,
      alignment,
      read: (tensor, offset, length) => readData(input, tensors, tensor, offset, length),
    };
  } finally {
    source.close();
  }
}

/**
 * @param {ByteReader} reader
 * @param {number} count
 * @returns {Metadata}
 */
function readMetadata(reader, count) {
  /** @type {Metadata} */
  const metadata = new Map();
  for (let i = 0; i < count; i++) {
    const key = reader.string();
    if (metadata.has(key)) throw new Error(`metadata key ${key} occurs twice`);
    metadata.set(key, readValue(reader, key));
  }
  return metadata;
}

/**
 * @param {ByteReader} reader
 * @param {string} key
 * @returns {Value}
 */
function readValue(reader, key) {
  const type = valueType(reader, key);
  if (type !== 'array') return { type, value: readScalar(reader, type) };
  const items = valueType(reader, key);
  if (items === 'array') throw new Error(`${key} is an array of arrays`);
  return { type, items, value: Array.from({ length: reader.count() }, () => readScalar(reader, items)) };
}

/**
 * @param {ByteReader} reader
 * @param {string} key
 */
function valueType(reader, key) {
  const code = reader.u32();
  const type = VALUE_NAMES[code];
  if (!type) throw new Error(`${key} has the unknown type ${code}`);
  return type;
}

/**
 * @param {ByteReader} reader
 * @param {Scalar} type
 * @returns {string | number | boolean}
 */
function readScalar(reader, type) {
  if (type === 'string') return reader.string();
  const bytes = reader.take(SCALAR_BYTES[type] ?? 0);
  switch (type) {
    case 'bool':
      return bytes.readUInt8() !== 0;
    case 'f32':
      return bytes.readFloatLE();
    case 'f64':
      return bytes.readDoubleLE();
    case 'u64':
      return Number(bytes.readBigUInt64LE());
    case 'i64':
      return Number(bytes.readBigInt64LE());
    default:
      return type.startsWith('u') ? bytes.readUIntLE(0, bytes.length) : bytes.readIntLE(0, bytes.length);
  }
}

/**
 * @param {ByteReader} reader
 * @returns {TensorInfo}
 */
function readTensorInfo(reader) {
  const name = reader.string();
  const shape = Array.from({ length: reader.u32() }, () => reader.count());
  const code = reader.u32();
  const type = TENSOR_NAMES.get(code);
  if (!type) throw new Error(`tensor ${name} has the unknown type ${code}`);
  return { name, type, shape, offset: reader.count(), bytes: tensorBytes(type, shape) };
}

/**
 * @param {string | Buffer} input
 * @param {TensorInfo[]} tensors
 * @param {TensorInfo | string} wanted
 * @param {number} [offset]
 * @param {number} [length]
 */
function readData(input, tensors, wanted, offset = 0, length) {
  const tensor = typeof wanted === 'string' ? tensors.find((t) => t.name === wanted) : wanted;
  if (!tensor) throw new Error(`no tensor ${wanted}`);
  const source = openBytes(input);
  try {
    const bytes = Math.min(length ?? tensor.bytes, tensor.bytes - offset);
    const data = source.at(tensor.offset + offset, bytes);
    if (data.length !== bytes) throw new Error(`the file ends inside tensor ${tensor.name}`);
    return data;
  } finally {
    source.close();
  }
}
