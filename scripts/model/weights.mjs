// @ts-check
import { normalBytes } from './random.mjs';

/**
 * @typedef {import('./write-gguf.mjs').Tensor} Tensor
 * @typedef {import('./number-formats.mjs').FloatType} FloatType
 *
 * @typedef {object} Weight
 * @property {string} name
 * @property {number[]} shape Length of a row first.
 * @property {number} [std] Default 1 / sqrt(row) for a matrix, 0.1 for a vector.
 * @property {number} [mean] Default 0; 1 for norms.
 */

/** Tables that llama.cpp's converter leaves in 32 bits, as it does all vectors. */
const ALWAYS_F32 = ['position_embd.weight', 'token_types.weight'];

/**
 * Every tensor has its own stream of random numbers, so that it does not depend on the others.
 *
 * @param {Weight[]} weights
 * @param {FloatType} type
 * @param {number} seed
 * @returns {Tensor[]}
 */
export function drawWeights(weights, type, seed) {
  return weights.map(({ name, shape, mean = 0, std }) => {
    const vector = shape.length === 1;
    const own = vector || ALWAYS_F32.includes(name) ? 'F32' : type;
    const form = { mean, std: std ?? (vector ? 0.1 : 1 / Math.sqrt(shape[0] ?? 1)), type: /** @type {FloatType} */ (own) };
    const count = shape.reduce((product, n) => product * n, 1);
    return { name, type: own, shape, chunks: () => normalBytes(`${seed}/${name}`, count, form) };
  });
}
