// @ts-check
import { makeCharsmap } from './charsmap.mjs';
import { TOKEN } from './gguf-format.mjs';
import { bool, f32s, text, texts, u8s, u32 } from './metadata.mjs';

/**
 * Vocabularies in which pieces have scores.
 *
 * @typedef {import('./synthetic-vocabulary.mjs').Vocabulary} Vocabulary
 */

const WORD_START = '\u2581';
const VISIBLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const REPLACED = /** @type {[string, string][]} */ ([
  ['\t', ' '],
  ['\n', ' '],
  ['\u3000', ' '],
  ['\uff21', 'A'],
  ['\ufb01', 'fi'],
  ['\u2126\u0301', '\u03a9'],
]);

/** XLM-RoBERTa's form: unigrams, and a table of replaced characters. @returns {Vocabulary} */
export function unigram() {
  const words = [WORD_START, ...VISIBLE, `${WORD_START}the`, `${WORD_START}a`, 'ing'];
  const tokens = ['<s>', '<pad>', '</s>', '<unk>', ...words, '<mask>'];
  const types = [TOKEN.control, TOKEN.control, TOKEN.control, TOKEN.unknown, ...words.map(() => TOKEN.normal), TOKEN.control];
  const entries = {
    ...head('t5'),
    'tokenizer.ggml.scores': f32s(tokens.map((token) => (words.includes(token) ? -10 / token.length : 0))),
    'tokenizer.ggml.add_space_prefix': bool(true),
    'tokenizer.ggml.remove_extra_whitespaces': bool(true),
    'tokenizer.ggml.precompiled_charsmap': u8s(makeCharsmap(REPLACED)),
    'tokenizer.ggml.bos_token_id': u32(0),
    'tokenizer.ggml.eos_token_id': u32(2),
    'tokenizer.ggml.unknown_token_id': u32(3),
    'tokenizer.ggml.seperator_token_id': u32(2),
    'tokenizer.ggml.padding_token_id': u32(1),
    'tokenizer.ggml.mask_token_id': u32(tokens.length - 1),
    'tokenizer.ggml.add_bos_token': bool(true),
    'tokenizer.ggml.add_eos_token': bool(true),
    'tokenizer.ggml.add_sep_token': bool(true),
  };
  return { tokens, types, entries };
}

/** Gemma's form: pieces, and a token for each byte. @returns {Vocabulary} */
export function gemma() {
  const specials = ['<pad>', '<eos>', '<bos>', '<unk>', '<mask>'];
  const words = [WORD_START, ...VISIBLE, 'th', 'the', 'in', 'ing', `${WORD_START}the`];
  const tokens = [...specials, ...BYTES, ...words];
  const types = tokens.map((token) =>
    token === '<unk>'
      ? TOKEN.unknown
      : specials.includes(token)
        ? TOKEN.control
        : BYTES.includes(token)
          ? TOKEN.byte
          : TOKEN.normal,
  );
  const entries = {
    ...head('llama'),
    'tokenizer.ggml.scores': f32s(tokens.map((_, id) => -id)),
    'tokenizer.ggml.bos_token_id': u32(2),
    'tokenizer.ggml.eos_token_id': u32(1),
    'tokenizer.ggml.unknown_token_id': u32(3),
    'tokenizer.ggml.padding_token_id': u32(0),
    'tokenizer.ggml.add_bos_token': bool(true),
    'tokenizer.ggml.add_eos_token': bool(true),
    'tokenizer.ggml.add_space_prefix': bool(false),
  };
  return { tokens, types, entries };
}

/** @param {string} model */
function head(model) {
  return {
    'tokenizer.ggml.model': text(model),
    'tokenizer.ggml.pre': text('default'),
    'tokenizer.ggml.tokens': texts([]),
    'tokenizer.ggml.token_type': texts([]),
  };
}
