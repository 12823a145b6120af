// @ts-check
import { encodeFloat } from './number-formats.mjs';

/** @typedef {import('./number-formats.mjs').FloatType} FloatType */

const CHUNK = 1 << 20;
const LEVELS = 1 << 16;
/** @type {Float64Array | undefined} */
let quantiles;
/** @type {Map<string, Uint16Array | Uint32Array>} */
const tables = new Map();

/**
 * Normally distributed numbers, the same for the same seed, in pieces of at most a million. Each is one of 65,536 quantiles, looked
 * up already encoded: that is what makes a gigabyte of them a matter of seconds.
 *
 * @param {string} seed
 * @param {number} count
 * @param {{ mean: number, std: number, type: FloatType }} form
 * @returns {Generator<Uint8Array>}
 */
export function* normalBytes(seed, count, form) {
  const table = encodedQuantiles(form);
  const state = seedState(seed);
  const values = form.type === 'F32' ? new Uint32Array(Math.min(count, CHUNK)) : new Uint16Array(Math.min(count, CHUNK));
  for (let done = 0; done < count; done += CHUNK) {
    const part = values.subarray(0, Math.min(CHUNK, count - done));
    fill(part, table, state);
    yield new Uint8Array(part.buffer, 0, part.byteLength);
  }
}

/**
 * Two values a step of the generator sfc32.
 *
 * @param {Uint16Array | Uint32Array} values
 * @param {Uint16Array | Uint32Array} table
 * @param {Int32Array} state
 */
function fill(values, table, state) {
  let [a = 0, b = 0, c = 0, counter = 0] = state;
  for (let i = 0; i < values.length; i += 2) {
    const drawn = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + drawn) | 0;
    values[i] = /** @type {number} */ (table[drawn & 0xffff]);
    if (i + 1 < values.length) values[i + 1] = /** @type {number} */ (table[drawn >>> 16]);
  }
  state.set([a, b, c, counter]);
}

/** @param {string} seed */
function seedState(seed) {
  const state = new Int32Array([0x243f6a88, 0x85a308d3, 0x13198a2e, 1]);
  for (const byte of Buffer.from(seed, 'utf8')) {
    for (let i = 0; i < 3; i++) state[i] = Math.imul(/** @type {number} */ (state[i]) ^ byte, 0x01000193 + 2 * i);
  }
  fill(new Uint16Array(40), new Uint16Array(LEVELS), state);
  return state;
}

/** @param {{ mean: number, std: number, type: FloatType }} form */
function encodedQuantiles({ mean, std, type }) {
  const key = `${mean} ${std} ${type}`;
  let table = tables.get(key);
  if (!table) {
    quantiles ??= Float64Array.from({ length: LEVELS }, (_, i) => normalQuantile((i + 0.5) / LEVELS));
    const words = Array.from(quantiles, (quantile) => encodeFloat(mean + std * quantile, type));
    table = type === 'F32' ? Uint32Array.from(words) : Uint16Array.from(words);
    tables.set(key, table);
  }
  return table;
}

/**
 * Inverse of the normal distribution function: P. J. Acklam's rational approximation, relative error below 1.2e-9.
 *
 * @param {number} p
 * @returns {number}
 */
function normalQuantile(p) {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    const top = [
      -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783,
    ];
    const bottom = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
    return polynomial(top, q) / polynomial(bottom, q);
  }
  const q = p - 0.5;
  const top = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const bottom = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  return (q * polynomial(top, q * q)) / polynomial(bottom, q * q);
}

/**
 * @param {number[]} coefficients Highest power first.
 * @param {number} x
 */
function polynomial(coefficients, x) {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
