// @ts-check

/** @typedef {'F32' | 'F16' | 'BF16'} FloatType */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * Bits of `value` in a format, rounded to nearest, ties to even.
 *
 * @param {number} value
 * @param {FloatType} type
 */
export function encodeFloat(value, type) {
  float[0] = value;
  const word = bits[0] ?? 0;
  if (type === 'F32') return word;
  return type === 'F16' ? toHalf(word) : toBfloat(word);
}

/** @param {number} word */
function toBfloat(word) {
  if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

/** @param {number} word */
function toHalf(word) {
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 23) & 0xff) - 112;
  const fraction = word & 0x7fffff;
  if (exponent === 143) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  if (exponent <= 0) return sign | roundedShift(fraction | 0x800000, 14 - exponent);
  return sign | roundedShift((exponent << 23) | fraction, 13);
}

/**
 * @param {number} value
 * @param {number} by
 */
function roundedShift(value, by) {
  const kept = value >>> by;
  const rest = value & ((1 << by) - 1);
  const middle = 1 << (by - 1);
  return rest > middle || (rest === middle && kept & 1) ? kept + 1 : kept;
}
