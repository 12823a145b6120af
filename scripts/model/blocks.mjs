// @ts-check
import { encodeFloat } from './number-formats.mjs';

const VALUES = 32;

/** One block of 32 numbers, from `at` on, into bytes. @typedef {(values: Float32Array, at: number, block: Uint8Array) => void} Encoder */

/**
 * ggml's reference quantization (`quantize_row_q8_0_ref`, `quantize_row_q4_0_ref`), in 32 bits: the same bytes.
 *
 * @type {Record<'Q8_0' | 'Q4_0', { bytes: number, encode: Encoder }>}
 */
const BLOCKS = { Q8_0: { bytes: 34, encode: encodeQ8 }, Q4_0: { bytes: 18, encode: encodeQ4 } };

/**
 * @param {Float32Array} values Whole blocks of 32.
 * @param {keyof typeof BLOCKS} type
 */
export function quantize(values, type) {
  if (values.length % VALUES) throw new Error(`${values.length} values are no multiple of ${VALUES}`);
  const { bytes, encode } = BLOCKS[type];
  const out = new Uint8Array((values.length / VALUES) * bytes);
  for (let at = 0, to = 0; at < values.length; at += VALUES, to += bytes) encode(values, at, out.subarray(to, to + bytes));
  return out;
}

/** @type {Encoder} */
function encodeQ8(values, at, block) {
  let largest = 0;
  for (let i = 0; i < VALUES; i++) largest = Math.max(largest, Math.abs(values[at + i] ?? 0));
  const inverse = writeScale(Math.fround(largest / 127), block);
  for (let i = 0; i < VALUES; i++) block[2 + i] = roundAway(Math.fround((values[at + i] ?? 0) * inverse));
}

/** @type {Encoder} */
function encodeQ4(values, at, block) {
  let extreme = 0;
  for (let i = 0; i < VALUES; i++) {
    const value = values[at + i] ?? 0;
    if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  }
  const inverse = writeScale(Math.fround(extreme / -8), block);
  const nibble = (/** @type {number} */ i) => {
    const scaled = Math.fround(Math.fround((values[at + i] ?? 0) * inverse) + 8.5);
    return Math.min(15, Math.trunc(scaled));
  };
  for (let i = 0; i < VALUES / 2; i++) block[2 + i] = nibble(i) | (nibble(i + VALUES / 2) << 4);
}

/**
 * The inverse of the scale is that before it is rounded to 16 bits.
 *
 * @param {number} scale
 * @param {Uint8Array} block
 */
function writeScale(scale, block) {
  const half = encodeFloat(scale, 'F16');
  block[0] = half & 0xff;
  block[1] = half >>> 8;
  return scale === 0 ? 0 : Math.fround(1 / scale);
}

/** C's `roundf`: halves away from 0. @param {number} value */
function roundAway(value) {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
