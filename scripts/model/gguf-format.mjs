// @ts-check

/**
 * Numbers of GGUF v3: value types, tensor types and file types.
 *
 * @typedef {'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'bool' | 'string' | 'u64' | 'i64' | 'f64'} Scalar
 * @typedef {{ type: Scalar, value: string | number | boolean }} ScalarValue
 * @typedef {{ type: 'array', items: Scalar, value: (string | number | boolean)[] }} ArrayValue
 * @typedef {ScalarValue | ArrayValue} Value
 * @typedef {Map<string, Value>} Metadata
 */

/** @type {Record<Scalar | 'array', number>} */
export const VALUE_CODES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
};

/** Bytes of a fixed-size value. @type {Partial<Record<Scalar, number>>} */
export const SCALAR_BYTES = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, bool: 1, u64: 8, i64: 8, f64: 8 };

/**
 * Tensor types: number in the file, values a block, bytes a block.
 *
 * @type {Record<string, { code: number, values: number, bytes: number }>}
 */
export const TENSOR_TYPES = {
  F32: { code: 0, values: 1, bytes: 4 },
  F16: { code: 1, values: 1, bytes: 2 },
  Q4_0: { code: 2, values: 32, bytes: 18 },
  Q4_1: { code: 3, values: 32, bytes: 20 },
  Q5_0: { code: 6, values: 32, bytes: 22 },
  Q5_1: { code: 7, values: 32, bytes: 24 },
  Q8_0: { code: 8, values: 32, bytes: 34 },
  Q2_K: { code: 10, values: 256, bytes: 84 },
  Q3_K: { code: 11, values: 256, bytes: 110 },
  Q4_K: { code: 12, values: 256, bytes: 144 },
  Q5_K: { code: 13, values: 256, bytes: 176 },
  Q6_K: { code: 14, values: 256, bytes: 210 },
  IQ4_NL: { code: 20, values: 32, bytes: 18 },
  IQ4_XS: { code: 23, values: 256, bytes: 136 },
  BF16: { code: 30, values: 1, bytes: 2 },
};

/**
 * llama.cpp's file types (`llama_ftype`). Left out are those that it refuses to make without an importance matrix.
 *
 * @type {Record<string, number>}
 */
export const FILE_TYPES = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K_S: 11,
  Q3_K_M: 12,
  Q3_K_L: 13,
  Q4_K_S: 14,
  Q4_K_M: 15,
  Q5_K_S: 16,
  Q5_K_M: 17,
  Q6_K: 18,
  IQ4_NL: 25,
  IQ4_XS: 30,
  BF16: 32,
};

export const MAGIC = 0x46554747;
export const VERSION = 3;
export const ALIGNMENT = 32;

/** `tokenizer.ggml.token_type` */
export const TOKEN = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };

/**
 * Bytes of a tensor of this type and shape; `shape[0]` is the length of a row.
 *
 * @param {string} type
 * @param {number[]} shape
 */
export function tensorBytes(type, shape) {
  const block = TENSOR_TYPES[type];
  if (!block) throw new Error(`unknown tensor type ${type}`);
  const [row = 0] = shape;
  if (row % block.values) throw new Error(`a row of ${row} values is no multiple of ${type}'s ${block.values}`);
  return (shape.reduce((product, n) => product * n, 1) / block.values) * block.bytes;
}

/**
 * @param {number} offset
 * @param {number} alignment
 */
export function align(offset, alignment) {
  return Math.ceil(offset / alignment) * alignment;
}
