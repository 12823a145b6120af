// @ts-check
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openAddon } from './addon.mjs';
import { encoderMetadata, encoderWeights } from './encoders.mjs';
import { gemmaEmbeddingMetadata, gemmaEmbeddingWeights } from './gemma-embedding.mjs';
import { FILE_TYPES } from './gguf-format.mjs';
import { modernBertMetadata, modernBertWeights } from './modern-bert.mjs';
import { writePooler, writeProjector } from './projector.mjs';
import { qwenMetadata, qwenWeights } from './qwen.mjs';
import { readGguf } from './read-gguf.mjs';
import { FULL, TINY } from './shapes.mjs';
import { makeVocabulary } from './vocabulary.mjs';
import { drawWeights } from './weights.mjs';
import { writeGguf } from './write-gguf.mjs';

/**
 * @typedef {import('./shapes.mjs').Kind} Kind
 * @typedef {import('./shapes.mjs').Shape} Shape
 * @typedef {import('./number-formats.mjs').FloatType} FloatType
 *
 * @typedef {object} OwnOptions
 * @property {string} output The GGUF file to write.
 * @property {Kind} [kind] Default `qwen3`, a listwise model with its projector beside it.
 * @property {string} [type] F32, F16 (default), BF16, or a quantization, which needs the addon: Q8_0, Q4_K_M, ...
 * @property {number} [seed] Default 1.
 * @property {boolean} [tiny] Start from a shape for tests instead of the published model's.
 * @property {string} [vocab] A GGUF file whose vocabulary is copied. Default a small synthetic one.
 * @property {number} [slidingWindow]
 * @property {string} [slidingPattern] Layers as letters L and G, repeated; default jina-reranker-v3.5's.
 * @property {string} [projector] Default `projector.safetensors` beside the model.
 * @property {FloatType} [projectorType] Default F32.
 * @property {'projector' | 'linear'} [projectorNames] Default `projector`.
 * @property {number} [threads] For quantization; default all cores.
 * @property {boolean} [nan] Put a NaN into the last norm.
 * @property {boolean} [withoutMarker] Leave <|embed_token|> out of the vocabulary.
 * @property {boolean} [noHead] Leave the classifier, the projector or the dense layers out.
 * @property {boolean} [fused] Encoders: queries, keys and values in one tensor; jina-bert-v2: both halves of the feed-forward layer.
 * @property {(written: number, total: number) => void} [onProgress]
 *
 * @typedef {OwnOptions & Partial<Shape>} ModelOptions
 */

/**
 * Writes a model with random weights. The same options give the same bytes.
 *
 * @param {ModelOptions} options
 * @returns {Promise<{ model: string, projector: string | null, bytes: number }>}
 */
export async function makeModel(options) {
  const { output, kind = 'qwen3', type = 'F16', seed = 1 } = options;
  const fileType = FILE_TYPES[type];
  if (fileType === undefined) throw new Error(`unknown type ${type}, expected one of ${Object.keys(FILE_TYPES).join(', ')}`);
  const shape = chooseShape(kind, options);

  if (isFloat(type)) {
    writeModel(output, kind, shape, type, options);
  } else {
    await quantizeModel(output, fileType, options.threads ?? 0, (unquantized) =>
      writeModel(unquantized, kind, shape, 'F16', options),
    );
  }
  if (options.nan) spoilLastNorm(output);

  let projector = null;
  if (kind === 'qwen3' && !options.noHead) {
    projector = options.projector ?? join(dirname(output), 'projector.safetensors');
    const { projectorType = 'F32', projectorNames = 'projector' } = options;
    writeProjector(projector, { width: shape.width, seed, type: projectorType, names: projectorNames });
  }
  const classifier = POOLED[kind];
  if (classifier && !options.noHead) {
    projector = options.projector ?? join(dirname(output), 'projector.safetensors');
    writePooler(projector, shape.width, seed, { name: classifier.name, std: classifier.spread / Math.sqrt(shape.width) });
  }
  return { model: output, projector, bytes: statSync(output).size };
}

/**
 * Kinds that are scored with a pooler of their own, and how their classifier is drawn (encoders.mjs).
 *
 * @type {Partial<Record<Kind, { name: string, spread: number }>>}
 */
const POOLED = { 'jina-bert-v2': { name: 'cls', spread: 3 }, 'minilm-ce': { name: 'cls.output', spread: 1 } };

/**
 * @param {Kind} kind
 * @param {ModelOptions} options
 * @returns {Shape}
 */
function chooseShape(kind, options) {
  const shape = { ...(options.tiny ? TINY : FULL)[kind] };
  for (const key of /** @type {(keyof Shape)[]} */ (Object.keys(shape))) shape[key] = options[key] ?? shape[key];
  return shape;
}

/** @param {string} type @returns {type is FloatType} */
function isFloat(type) {
  return ['F32', 'F16', 'BF16'].includes(type);
}

/**
 * @param {string} path
 * @param {Kind} kind
 * @param {Shape} shape
 * @param {FloatType} type
 * @param {ModelOptions} options
 */
function writeModel(path, kind, shape, type, options) {
  const { tokens, entries } = makeVocabulary(kind, {
    file: options.vocab,
    atLeast: shape.vocabulary,
    withoutMarker: options.withoutMarker ?? false,
  });
  const own = { name: basename(options.output, '.gguf'), fileType: /** @type {number} */ (FILE_TYPES[type]) };
  const { metadata, weights } = describeModel(kind, shape, own, { tokens: tokens.length, entries }, options);
  writeGguf(path, new Map(Object.entries(metadata)), drawWeights(weights, type, options.seed ?? 1), options.onProgress);
}

/**
 * @param {Kind} kind
 * @param {Shape} shape
 * @param {{ name: string, fileType: number }} own
 * @param {{ tokens: number, entries: Record<string, import('./metadata.mjs').Value> }} vocabulary
 * @param {ModelOptions} options
 */
function describeModel(kind, shape, own, { tokens, entries }, options) {
  const head = kind !== 'qwen3' && !options.noHead;
  switch (kind) {
    case 'qwen3':
    case 'qwen3-reranker':
    case 'qwen2': {
      const { slidingWindow = 0, slidingPattern = 'LLLGG' } = options;
      const withHead = head && kind === 'qwen3-reranker';
      const metadata = qwenMetadata(shape, { ...own, kind, slidingWindow, slidingPattern, head: withHead }, entries);
      return { metadata, weights: qwenWeights(kind, shape, tokens, withHead) };
    }
    case 'modern-bert':
      return { metadata: modernBertMetadata(shape, own, entries), weights: modernBertWeights(shape, tokens, head) };
    case 'gemma-embedding':
      return {
        metadata: gemmaEmbeddingMetadata(shape, { ...own, head }, entries),
        weights: gemmaEmbeddingWeights(shape, tokens, head),
      };
    default:
      return {
        metadata: encoderMetadata(kind, shape, own, entries),
        weights: encoderWeights(kind, shape, tokens, head, options.fused),
      };
  }
}

/**
 * @param {string} output
 * @param {number} fileType
 * @param {number} threads
 * @param {(path: string) => void} writeUnquantized
 */
async function quantizeModel(output, fileType, threads, writeUnquantized) {
  const addon = await openAddon();
  const unquantized = `${output}.unquantized`;
  const partial = `${output}.partial`;
  try {
    writeUnquantized(unquantized);
    await addon.quantize(unquantized, partial, fileType, threads);
    renameSync(partial, output);
  } finally {
    rmSync(unquantized, { force: true });
    rmSync(partial, { force: true });
  }
}

/**
 * Done to the finished file: llama.cpp refuses to quantize a NaN.
 *
 * @param {string} path
 */
function spoilLastNorm(path) {
  const norms = readGguf(path).tensors.filter(({ name }) => /^(output_norm|blk\.\d+\.layer_output_norm)\.weight$/.test(name));
  const last = norms.at(-1);
  if (!last) throw new Error(`${path} has no last norm`);
  const file = openSync(path, 'r+');
  try {
    writeSync(file, new Uint8Array(Float32Array.of(Number.NaN).buffer), 0, 4, last.offset);
  } finally {
    closeSync(file);
  }
}
