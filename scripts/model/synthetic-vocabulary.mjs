// @ts-check
import { BYTE_CHARACTERS } from '../fixtures/bpe.mjs';
import { TOKEN } from './gguf-format.mjs';
import { bool, text, texts, u32 } from './metadata.mjs';
import { gemma, unigram } from './synthetic-scored.mjs';

/**
 * @typedef {import('./gguf-format.mjs').Value} Value
 * @typedef {import('./shapes.mjs').Kind} Kind
 *
 * @typedef {object} Vocabulary
 * @property {string[]} tokens
 * @property {number[]} types
 * @property {Record<string, Value>} entries All keys of the tokenizer but the tokens and their types, whose places they keep.
 */

export const DOCUMENT_MARKER = '<|embed_token|>';
export const QUERY_MARKER = '<|rerank_token|>';

const QWEN_SPECIALS =
  '<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> <|quad_start|> <|quad_end|> ' +
  '<|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|> <tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> ' +
  '<|fim_suffix|> <|fim_pad|> <|repo_name|> <|file_sep|> <tool_response> </tool_response> <think> </think>';
const QWEN_MERGES = ['Ġ Ġ', 'Ġ t', 'h e', 'i n', 'e r', 'Ġ a', 'o n', 'Ġt he', 'Ċ Ċ', 'y e', 'ye s', 'n o'];
const JINA_MERGES = ['t h', 'i n', 'a n', 'e r', 'th e'];
const MODERN_MERGES = ['Ġ t', 'h e', 'i n', 'Ġt he'];
const VISIBLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const WORD_START = '\u2581';

/** @type {Record<Kind, () => Vocabulary>} */
export const SYNTHETIC = {
  qwen3: () => qwen('qwen3'),
  'qwen3-reranker': () => qwen('qwen3-reranker'),
  qwen2: () => qwen('qwen2'),
  bert: wordPiece,
  'minilm-ce': wordPiece,
  'jina-bert-v2': jina,
  'xlm-roberta': unigram,
  'nomic-bert': wordPiece,
  'modern-bert': modern,
  'gemma-embedding': gemma,
};

/** @param {Kind} kind */
export function tokenizerModel(kind) {
  if (kind === 'xlm-roberta') return 't5';
  if (kind === 'gemma-embedding') return 'llama';
  return ['bert', 'minilm-ce', 'nomic-bert'].includes(kind) ? 'bert' : 'gpt2';
}

/** @param {Kind} kind */
export function qwenSpecials(kind) {
  const tokens = QWEN_SPECIALS.split(' ');
  if (kind === 'qwen3') tokens.push('<|score_token|>', DOCUMENT_MARKER, QUERY_MARKER);
  return { tokens, types: tokens.map((token) => (token.startsWith('<|') ? TOKEN.control : TOKEN.userDefined)) };
}

/** @param {Kind} kind @returns {Vocabulary} */
function qwen(kind) {
  const specials = qwenSpecials(kind);
  const plain = [...BYTE_CHARACTERS, ...merged(QWEN_MERGES)];
  const tokens = [...plain, ...specials.tokens];
  /** @param {string} token */
  const id = (token) => u32(tokens.indexOf(token));
  const ids = {
    'tokenizer.ggml.bos_token_id': id('<|endoftext|>'),
    'tokenizer.ggml.eos_token_id': id('<|im_end|>'),
    'tokenizer.ggml.padding_token_id': id('<|endoftext|>'),
  };
  return {
    tokens,
    types: [...plain.map(() => TOKEN.normal), ...specials.types],
    entries: { ...head('gpt2', 'qwen2', QWEN_MERGES), ...ids },
  };
}

/** @returns {Vocabulary} */
function wordPiece() {
  const specials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const pieces = [...new Set(VISIBLE.map((character) => character.toLowerCase()))];
  const tokens = [
    ...specials,
    ...pieces.map((piece) => WORD_START + piece),
    ...pieces,
    ...['the', 'and', 'of'].map((word) => WORD_START + word),
  ];
  const entries = {
    ...head('bert', 'jina-v2-en'),
    'tokenizer.ggml.bos_token_id': u32(2),
    'tokenizer.ggml.cls_token_id': u32(2),
    'tokenizer.ggml.seperator_token_id': u32(3),
    'tokenizer.ggml.unknown_token_id': u32(1),
    'tokenizer.ggml.padding_token_id': u32(0),
    'tokenizer.ggml.mask_token_id': u32(4),
    ...added(true, false, true),
  };
  return { tokens, types: tokens.map((_, id) => (id < specials.length ? TOKEN.control : TOKEN.normal)), entries };
}

/** @returns {Vocabulary} */
function jina() {
  const specials = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];
  const characters = [...new Set(VISIBLE.map((character) => character.toLowerCase()))];
  const tokens = [...specials, ...characters, ...merged(JINA_MERGES)];
  const entries = { ...head('gpt2', 'jina-v1-en', JINA_MERGES), ...robertaIds(), ...added(true, true, true) };
  return { tokens, types: tokens.map((_, id) => (id < specials.length ? TOKEN.control : TOKEN.normal)), entries };
}

/** @returns {Vocabulary} */
function modern() {
  const specials = ['[UNK]', '[CLS]', '[SEP]', '[PAD]', '[MASK]'];
  const tokens = ['|||IP_ADDRESS|||', '<|padding|>', ...BYTE_CHARACTERS, ...merged(MODERN_MERGES), '  ', ...specials];
  /** @param {string} token */
  const id = (token) => u32(tokens.indexOf(token));
  const entries = {
    ...added(true, true, true),
    ...head('gpt2', 'modern-bert', MODERN_MERGES),
    'tokenizer.ggml.bos_token_id': id('[CLS]'),
    'tokenizer.ggml.eos_token_id': id('[SEP]'),
    'tokenizer.ggml.unknown_token_id': id('[UNK]'),
    'tokenizer.ggml.seperator_token_id': id('[SEP]'),
    'tokenizer.ggml.padding_token_id': id('[PAD]'),
    'tokenizer.ggml.cls_token_id': id('[CLS]'),
    'tokenizer.ggml.mask_token_id': id('[MASK]'),
  };
  const types = tokens.map((token) =>
    specials.includes(token) || token === '<|padding|>' ? TOKEN.control : token === '  ' ? TOKEN.userDefined : TOKEN.normal,
  );
  return { tokens, types, entries };
}

/**
 * @param {string} model
 * @param {string} pre
 * @param {string[]} [merges]
 * @returns {Record<string, Value>}
 */
function head(model, pre, merges) {
  return {
    'tokenizer.ggml.model': text(model),
    'tokenizer.ggml.pre': text(pre),
    'tokenizer.ggml.tokens': texts([]),
    'tokenizer.ggml.token_type': texts([]),
    ...(merges && { 'tokenizer.ggml.merges': texts(merges) }),
  };
}

function robertaIds() {
  return {
    'tokenizer.ggml.bos_token_id': u32(0),
    'tokenizer.ggml.eos_token_id': u32(2),
    'tokenizer.ggml.unknown_token_id': u32(3),
    'tokenizer.ggml.seperator_token_id': u32(2),
    'tokenizer.ggml.padding_token_id': u32(1),
    'tokenizer.ggml.mask_token_id': u32(4),
  };
}

/** @param {boolean} bos @param {boolean} eos @param {boolean} sep */
function added(bos, eos, sep) {
  return {
    'tokenizer.ggml.add_bos_token': bool(bos),
    'tokenizer.ggml.add_eos_token': bool(eos),
    'tokenizer.ggml.add_sep_token': bool(sep),
  };
}

/** @param {string[]} merges */
function merged(merges) {
  return merges.map((merge) => merge.replace(' ', ''));
}
