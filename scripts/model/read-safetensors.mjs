// @ts-check
import { readFileSync } from 'node:fs';

/** @typedef {{ read: (name: string) => { shape: number[], values: Float32Array } }} Weights */

/**
 * Reads the tensors of a safetensors file, which must be F32.
 *
 * @param {string} path
 * @returns {Weights}
 */
export function readSafetensors(path) {
  const file = readFileSync(path);
  const begin = 8 + Number(file.readBigUInt64LE(0));
  /** @type {Record<string, { dtype: string, shape: number[], data_offsets: [number, number] }>} */
  const header = JSON.parse(file.subarray(8, begin).toString('utf8'));
  return {
    read(name) {
      const tensor = header[name];
      if (tensor?.dtype !== 'F32') throw new Error(`${path}: tensor ${name} is ${tensor?.dtype ?? 'absent'}, expected F32`);
      const [from, to] = tensor.data_offsets;
      // A copy, since a Float32Array has to begin at a multiple of 4.
      const bytes = Uint8Array.from(file.subarray(begin + from, begin + to));
      return { shape: tensor.shape, values: new Float32Array(bytes.buffer) };
    },
  };
}
