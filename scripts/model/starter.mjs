// @ts-check
import { quantize } from './blocks.mjs';
import { FILE_TYPES, TOKEN } from './gguf-format.mjs';
import { bool, f32, i32s, text, texts, u32 } from './metadata.mjs';
import { encodeFloat } from './number-formats.mjs';

/**
 * @typedef {import('./metadata.mjs').Value} Value
 * @typedef {import('./write-gguf.mjs').Tensor} Tensor
 * @typedef {'F32' | 'F16' | 'Q8_0' | 'Q4_0'} StarterType
 * @typedef {import('./read-safetensors.mjs').Weights} Weights
 */

const LAYERS = 6;
const ORIGIN = 'https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2';
const SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** What the model card names. */
const DATASETS = [
  's2orc',
  'flax-sentence-embeddings/stackexchange_xml',
  'ms_marco',
  'gooaq',
  'yahoo_answers_topics',
  'code_search_net',
  'search_qa',
  'eli5',
  'snli',
  'multi_nli',
  'wikihow',
  'natural_questions',
  'trivia_qa',
  'embedding-data/sentence-compression',
  'embedding-data/flickr30k-captions',
  'embedding-data/altlex',
  'embedding-data/simple-wiki',
  'embedding-data/QQP',
  'embedding-data/SPECTER',
  'embedding-data/PAQ_pairs',
  'embedding-data/WikiAnswers',
];

/** GGUF names of the weights, in the order of the file, and the published ones. The pooler is left out: embeddings do not use it. */
const TENSORS = [
  ['token_embd.weight', 'embeddings.word_embeddings.weight'],
  ['position_embd.weight', 'embeddings.position_embeddings.weight'],
  ['token_types.weight', 'embeddings.token_type_embeddings.weight'],
  ['token_embd_norm.weight', 'embeddings.LayerNorm.weight'],
  ['token_embd_norm.bias', 'embeddings.LayerNorm.bias'],
  ...Array.from({ length: LAYERS }, (_, i) => layer(i)).flat(),
];

/** @param {number} i */
function layer(i) {
  const parts = [
    ['attn_q', 'attention.self.query'],
    ['attn_k', 'attention.self.key'],
    ['attn_v', 'attention.self.value'],
    ['attn_output', 'attention.output.dense'],
    ['attn_output_norm', 'attention.output.LayerNorm'],
    ['ffn_up', 'intermediate.dense'],
    ['ffn_down', 'output.dense'],
    ['layer_output_norm', 'output.LayerNorm'],
  ];
  return parts.flatMap(([own, theirs]) =>
    ['weight', 'bias'].map((kind) => [`blk.${i}.${own}.${kind}`, `encoder.layer.${i}.${theirs}.${kind}`]),
  );
}

/**
 * The file's metadata.
 *
 * @param {string[]} vocabulary The lines of `vocab.txt`.
 * @param {StarterType} type
 * @returns {Map<string, Value>}
 */
export function starterMetadata(vocabulary, type) {
  const special = (/** @type {string} */ token) => u32(vocabulary.indexOf(token));
  return new Map(
    Object.entries({
      'general.architecture': text('bert'),
      'general.type': text('model'),
      'general.name': text('all-MiniLM-L6-v2'),
      'general.basename': text('all-MiniLM-L6'),
      'general.version': text('v2'),
      'general.size_label': text('22.7M'),
      'general.organization': text('sentence-transformers'),
      'general.license': text('apache-2.0'),
      'general.license.link': text('https://www.apache.org/licenses/LICENSE-2.0'),
      'general.url': text(ORIGIN),
      'general.source.url': text(ORIGIN),
      'general.description': text(
        'Sentence embeddings: mean of the token states, L2-normalised; 384 dimensions, at most 256 tokens. Converted for llama-rerank.',
      ),
      'general.base_model.count': u32(1),
      'general.base_model.0.name': text('MiniLM-L6-H384-uncased'),
      'general.base_model.0.organization': text('nreimers'),
      'general.base_model.0.repo_url': text('https://huggingface.co/nreimers/MiniLM-L6-H384-uncased'),
      'general.tags': texts(['sentence-transformers', 'feature-extraction', 'sentence-similarity']),
      'general.languages': texts(['en']),
      'general.datasets': texts(DATASETS),
      'general.file_type': u32(/** @type {number} */ (FILE_TYPES[type])),
      'general.quantization_version': u32(2),
      'bert.block_count': u32(LAYERS),
      'bert.context_length': u32(512),
      'bert.embedding_length': u32(384),
      'bert.feed_forward_length': u32(1536),
      'bert.attention.head_count': u32(12),
      'bert.attention.layer_norm_epsilon': f32(1e-12),
      'bert.attention.causal': bool(false),
      'bert.pooling_type': u32(1),
      'tokenizer.ggml.model': text('bert'),
      'tokenizer.ggml.pre': text('jina-v2-en'),
      'tokenizer.ggml.tokens': texts(vocabulary.map(wordPiece)),
      'tokenizer.ggml.token_type': i32s(vocabulary.map((token) => (SPECIALS.includes(token) ? TOKEN.control : TOKEN.normal))),
      'tokenizer.ggml.token_type_count': u32(2),
      'tokenizer.ggml.bos_token_id': special('[CLS]'),
      'tokenizer.ggml.cls_token_id': special('[CLS]'),
      'tokenizer.ggml.seperator_token_id': special('[SEP]'),
      'tokenizer.ggml.unknown_token_id': special('[UNK]'),
      'tokenizer.ggml.padding_token_id': special('[PAD]'),
      'tokenizer.ggml.mask_token_id': special('[MASK]'),
      'tokenizer.ggml.add_bos_token': bool(true),
      'tokenizer.ggml.add_eos_token': bool(false),
      'tokenizer.ggml.add_sep_token': bool(true),
      'llama-rerank.max_tokens': u32(256),
      'llama-rerank.family': text('similarity'),
    }),
  );
}

/** llama.cpp marks the pieces that begin a word, where WordPiece marks those that do not. @param {string} token */
function wordPiece(token) {
  if (SPECIALS.includes(token)) return token;
  return token.startsWith('##') ? token.slice(2) : `▁${token}`;
}

/**
 * The file's weights: matrices in `type`; vectors, the position table and that of token types in 32 bits.
 *
 * @param {Weights} weights Those of `model.safetensors`.
 * @param {StarterType} type
 * @returns {Tensor[]}
 */
export function starterTensors(weights, type) {
  return TENSORS.map(([name = '', theirs = '']) => {
    const { shape, values } = weights.read(theirs);
    const isMatrix = shape.length > 1 && !/^(position_embd|token_types)/.test(name);
    const own = isMatrix ? type : 'F32';
    return { name, type: own, shape: shape.toReversed(), chunks: () => [encode(values, own)] };
  });
}

/**
 * @param {Float32Array} values
 * @param {StarterType} type
 */
function encode(values, type) {
  if (type === 'Q8_0' || type === 'Q4_0') return quantize(values, type);
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return new Uint8Array(Uint16Array.from(values, (value) => encodeFloat(value, 'F16')).buffer);
}
