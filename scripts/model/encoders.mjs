// @ts-check
import { bool, f32, general, u32 } from './metadata.mjs';

/**
 * @typedef {import('./shapes.mjs').Shape} Shape
 * @typedef {import('./shapes.mjs').Kind} Kind
 * @typedef {import('./metadata.mjs').Value} Value
 * @typedef {import('./weights.mjs').Weight} Weight
 */

const MEAN_POOLING = 1;
const RANK_POOLING = 4;

/**
 * What sets the encoders apart. `head` is what conversions of the published models hold: BERT for embeddings none,
 * jina-reranker-v1 the classifier alone, bge-reranker-v2-m3 dense layer and classifier.
 *
 * @type {Record<Exclude<Kind, 'qwen3' | 'qwen3-reranker'>, { architecture: string, epsilon: number, pooling?: number, types: number, positions: boolean, gated: boolean }>}
 */
const ENCODERS = {
  bert: { architecture: 'bert', epsilon: 1e-12, pooling: MEAN_POOLING, types: 2, positions: true, gated: false },
  'jina-bert-v2': { architecture: 'jina-bert-v2', epsilon: 1e-12, types: 2, positions: false, gated: true },
  'xlm-roberta': { architecture: 'bert', epsilon: 1e-5, pooling: RANK_POOLING, types: 1, positions: true, gated: false },
};

/**
 * @param {keyof typeof ENCODERS} kind
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
    ...tokenizer,
    'tokenizer.ggml.token_type_count': u32(types),
  };
}

/**
 * @param {keyof typeof ENCODERS} kind
 * @param {Shape} shape
 * @param {number} tokens
 * @param {boolean} head
 * @returns {Weight[]}
 */
export function encoderWeights(kind, { layers, width, ffn, context }, tokens, head) {
  const { types, positions, gated } = ENCODERS[kind];
  /** @type {Weight[]} */
  const weights = [{ name: 'token_embd.weight', shape: [width, tokens], std: 0.5 }];
  if (positions) weights.push({ name: 'position_embd.weight', shape: [width, context], std: 0.25 });
  weights.push({ name: 'token_types.weight', shape: [width, types], std: 0.25 }, ...norm('token_embd_norm', width));
  for (let i = 0; i < layers; i++) {
    const block = `blk.${i}.`;
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) weights.push(...dense(block + part, width, width));
    weights.push(...norm(`${block}attn_output_norm`, width));
    if (gated)
      weights.push(
        { name: `${block}ffn_gate.weight`, shape: [width, ffn] },
        { name: `${block}ffn_up.weight`, shape: [width, ffn] },
      );
    else weights.push(...dense(`${block}ffn_up`, width, ffn));
    weights.push(...dense(`${block}ffn_down`, ffn, width), ...norm(`${block}layer_output_norm`, width));
  }
  return head ? [...weights, ...headWeights(kind, width)] : weights;
}

/**
 * @param {keyof typeof ENCODERS} kind
 * @param {number} width
 * @returns {Weight[]}
 */
function headWeights(kind, width) {
  if (kind === 'jina-bert-v2')
    return [
      { name: 'cls.weight', shape: [width], std: 3 / Math.sqrt(width) },
      { name: 'cls.bias', shape: [1] },
    ];
  return kind === 'xlm-roberta' ? [...dense('cls', width, width), ...dense('cls.output', width, 1)] : [];
}

/**
 * @param {string} name
 * @param {number} from
 * @param {number} to
 * @returns {Weight[]}
 */
function dense(name, from, to) {
  return [
    { name: `${name}.weight`, shape: [from, to] },
    { name: `${name}.bias`, shape: [to] },
  ];
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
