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
  const tensors = shapes.map(([rows = 0, columns = 0], i) => ({
    name: NAMES[names][i] ?? '',
    shape: [rows, columns],
    bytes: encode(drawExact(`${seed}/projector.${i}`, rows * columns, 1 / Math.sqrt(columns)), type),
  }));
  writeSafetensors(path, type, tensors);
}

/**
 * Writes what conversions of jina-reranker-v1 and ms-marco-MiniLM leave out, in F32: the pooler, and the classifier, which they keep.
 *
 * @param {string} path
 * @param {number} width
 * @param {number} seed
 * @param {{ name: string, std: number }} classifier that of the model's file
 */
export function writePooler(path, width, seed, classifier) {
  const draw = (/** @type {string} */ name, /** @type {number} */ count, /** @type {number} */ std) =>
    Buffer.concat([...normalBytes(`${seed}/${name}`, count, { mean: 0, std, type: 'F32' })]);
  const std = 1 / Math.sqrt(width);
  writeSafetensors(path, 'F32', [
    { name: 'bert.pooler.dense.weight', shape: [width, width], bytes: draw('pooler.weight', width * width, std) },
    { name: 'bert.pooler.dense.bias', shape: [width], bytes: draw('pooler.bias', width, 0.1) },
    { name: 'classifier.weight', shape: [1, width], bytes: draw(`${classifier.name}.weight`, width, classifier.std) },
    { name: 'classifier.bias', shape: [1], bytes: draw(`${classifier.name}.bias`, 1, 0.1) },
  ]);
}

/**
 * @param {string} path
 * @param {FloatType} type
 * @param {{ name: string, shape: number[], bytes: Buffer }[]} tensors
 */
function writeSafetensors(path, type, tensors) {
  let offset = 0;
  const entries = tensors.map(({ name, shape, bytes }) => {
    const begin = offset;
    offset += bytes.length;
    return [name, { dtype: type, shape, data_offsets: [begin, offset] }];
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8), 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, header, ...tensors.map(({ bytes }) => bytes)]));
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
