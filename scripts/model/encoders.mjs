// @ts-check
import { bool, f32, general, texts, u32 } from './metadata.mjs';

/**
 * @typedef {import('./shapes.mjs').Shape} Shape
 * @typedef {import('./shapes.mjs').EncoderKind} Kind
 * @typedef {import('./metadata.mjs').Value} Value
 * @typedef {import('./weights.mjs').Weight} Weight
 */

const MEAN_POOLING = 1;
const RANK_POOLING = 4;

/**
 * What sets the encoders apart. `feedForward` is plain, gated, or gated without biases, as all of Nomic's layers.
 *
 * @type {Record<Kind, { architecture: string, epsilon: number, pooling?: number, types: number, positions: boolean, feedForward: 'plain' | 'gated' | 'bare' }>}
 */
const ENCODERS = {
  bert: { architecture: 'bert', epsilon: 1e-12, pooling: MEAN_POOLING, types: 2, positions: true, feedForward: 'plain' },
  'minilm-ce': { architecture: 'bert', epsilon: 1e-12, types: 2, positions: true, feedForward: 'plain' },
  'jina-bert-v2': { architecture: 'jina-bert-v2', epsilon: 1e-12, types: 2, positions: false, feedForward: 'gated' },
  'xlm-roberta': { architecture: 'bert', epsilon: 1e-5, pooling: RANK_POOLING, types: 1, positions: true, feedForward: 'plain' },
  'nomic-bert': {
    architecture: 'nomic-bert',
    epsilon: 1e-12,
    pooling: MEAN_POOLING,
    types: 2,
    positions: false,
    feedForward: 'bare',
  },
};

/**
 * @param {Kind} kind
 * @param {Shape} shape
 * @param {{ name: string, fileType: number }} options
 * @param {Record<string, Value>} tokenizer
 * @returns {Record<string, Value>}
 */
export function encoderMetadata(kind, shape, options, tokenizer) {
  const { architecture, epsilon, pooling, types } = ENCODERS[kind];
  /** @param {string} key */
  const own = (key) => `${architecture}.${key}`;
  return {
    ...general(architecture, options.name, options.fileType),
    [own('block_count')]: u32(shape.layers),
    [own('context_length')]: u32(shape.context),
    [own('embedding_length')]: u32(shape.width),
    [own('feed_forward_length')]: u32(shape.ffn),
    [own('attention.head_count')]: u32(shape.heads),
    [own('attention.layer_norm_epsilon')]: f32(epsilon),
    [own('attention.causal')]: bool(false),
    ...(pooling && { [own('pooling_type')]: u32(pooling) }),
    ...(kind === 'nomic-bert' && { [own('rope.freq_base')]: f32(1000) }),
    ...(kind === 'minilm-ce' && { [own('classifier.output_labels')]: texts(['LABEL_0']) }),
    ...tokenizer,
    'tokenizer.ggml.token_type_count': u32(types),
  };
}

/**
 * @param {Kind} kind
 * @param {Shape} shape
 * @param {number} tokens
 * @param {boolean} head
 * @param {boolean} [fused]
 * @returns {Weight[]}
 */
export function encoderWeights(kind, { layers, width, ffn, context }, tokens, head, fused = false) {
  const { types, positions, feedForward } = ENCODERS[kind];
  const linear = feedForward === 'bare' ? matrix : dense;
  /** @type {Weight[]} */
  const weights = [{ name: 'token_embd.weight', shape: [width, tokens], std: 0.5 }];
  if (positions) weights.push({ name: 'position_embd.weight', shape: [width, context], std: 0.25 });
  weights.push({ name: 'token_types.weight', shape: [width, types], std: 0.25 }, ...norm('token_embd_norm', width));
  for (let i = 0; i < layers; i++) {
    const block = `blk.${i}.`;
    if (kind === 'nomic-bert' || (fused && kind !== 'jina-bert-v2'))
      weights.push(...linear(`${block}attn_qkv`, width, 3 * width));
    else for (const part of ['attn_q', 'attn_k', 'attn_v']) weights.push(...linear(block + part, width, width));
    weights.push(...linear(`${block}attn_output`, width, width), ...norm(`${block}attn_output_norm`, width));
    if (feedForward === 'plain') weights.push(...dense(`${block}ffn_up`, width, ffn));
    else if (fused && kind === 'jina-bert-v2') weights.push(...matrix(`${block}ffn_up`, width, 2 * ffn));
    else weights.push(...matrix(`${block}ffn_gate`, width, ffn), ...matrix(`${block}ffn_up`, width, ffn));
    weights.push(...linear(`${block}ffn_down`, ffn, width), ...norm(`${block}layer_output_norm`, width));
  }
  return head ? [...weights, ...headWeights(kind, width)] : weights;
}

/**
 * @param {Kind} kind
 * @param {number} width
 * @returns {Weight[]}
 */
function headWeights(kind, width) {
  // What conversions of the published models hold.
  if (kind === 'jina-bert-v2')
    return [
      { name: 'cls.weight', shape: [width], std: 3 / Math.sqrt(width) },
      { name: 'cls.bias', shape: [1] },
    ];
  if (kind === 'minilm-ce') return dense('cls.output', width, 1);
  return kind === 'xlm-roberta' ? [...dense('cls', width, width), ...dense('cls.output', width, 1)] : [];
}

/**
 * @param {string} name
 * @param {number} from
 * @param {number} to
 * @returns {Weight[]}
 */
function matrix(name, from, to) {
  return [{ name: `${name}.weight`, shape: [from, to] }];
}

/**
 * @param {string} name
 * @param {number} from
 * @param {number} to
 * @returns {Weight[]}
 */
function dense(name, from, to) {
  return [...matrix(name, from, to), { name: `${name}.bias`, shape: [to] }];
}

/**
 * @param {string} name
 * @param {number} width
 * @returns {Weight[]}
 */
function norm(name, width) {
  return [
    { name: `${name}.weight`, shape: [width], mean: 1 },
    { name: `${name}.bias`, shape: [width] },
  ];
}
