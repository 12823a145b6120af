// @ts-check
import { writeFileSync } from 'node:fs';
import { encodeFloat } from './number-formats.mjs';
import { normalBytes } from './random.mjs';

/** @typedef {import('./number-formats.mjs').FloatType} FloatType */

const OUTPUT = 512;
const NAMES = { projector: ['projector.0.weight', 'projector.2.weight'], linear: ['linear1.weight', 'linear2.weight'] };

/**
 * Writes the projector of a listwise model, width -> width / 2 -> 512, as safetensors. Its numbers are exact in BF16 and F16, so all
 * types of file hold the same.
 *
 * @param {string} path
 * @param {{ width: number, seed: number, type: FloatType, names: keyof typeof NAMES }} options
 */
export function writeProjector(path, { width, seed, type, names }) {
  const half = Math.floor(width / 2);
  const shapes = [
    [half, width],
    [OUTPUT, half],
  ];
  const data = shapes.map(([rows = 0, columns = 0], i) =>
    encode(drawExact(`${seed}/projector.${i}`, rows * columns, 1 / Math.sqrt(columns)), type),
  );
  let offset = 0;
  const entries = data.map((bytes, i) => {
    const begin = offset;
    offset += bytes.length;
    return [NAMES[names][i], { dtype: type, shape: shapes[i], data_offsets: [begin, offset] }];
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8), 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, header, ...data]));
}

/**
 * @param {string} seed
 * @param {number} count
 * @param {number} std
 */
function drawExact(seed, count, std) {
  const words = new Uint32Array(count);
  let done = 0;
  for (const bytes of normalBytes(seed, count, { mean: 0, std, type: 'BF16' })) {
    for (let i = 0; i < bytes.length; i += 2) words[done++] = (((bytes[i + 1] ?? 0) << 8) | (bytes[i] ?? 0)) << 16;
  }
  // BF16 reaches further down than F16: what F16 cannot hold becomes 0.
  return new Float32Array(words.buffer).map((value) => (Math.abs(value) < 1e-3 ? 0 : value));
}

/**
 * @param {Float32Array} values
 * @param {FloatType} type
 */
function encode(values, type) {
  const words = type === 'F32' ? new Uint32Array(values.length) : new Uint16Array(values.length);
  values.forEach((value, i) => {
    words[i] = encodeFloat(value, type);
  });
  return Buffer.from(words.buffer);
}
