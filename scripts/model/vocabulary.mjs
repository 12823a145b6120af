// @ts-check
import { TOKEN } from './gguf-format.mjs';
import { i32s, texts } from './metadata.mjs';
import { readGguf } from './read-gguf.mjs';
import { DOCUMENT_MARKER, QUERY_MARKER, qwenSpecials, SYNTHETIC, tokenizerModel } from './synthetic-vocabulary.mjs';

/**
 * @typedef {import('./gguf-format.mjs').Value} Value
 * @typedef {import('./shapes.mjs').Kind} Kind
 * @typedef {import('./synthetic-vocabulary.mjs').Vocabulary} Vocabulary
 */

const ROUND = 32;

/**
 * Tokens of a model: those of another GGUF file, or a small synthetic set. Unused tokens fill up to `atLeast`.
 *
 * @param {Kind} kind
 * @param {{ file?: string, atLeast: number, withoutMarker: boolean }} options
 * @returns {Vocabulary}
 */
export function makeVocabulary(kind, { file, atLeast, withoutMarker }) {
  const { tokens, types, entries } = file ? copyVocabulary(kind, file) : SYNTHETIC[kind]();
  if (withoutMarker) {
    const marker = tokens.indexOf(DOCUMENT_MARKER);
    if (marker < 0) throw new Error(`the vocabulary has no ${DOCUMENT_MARKER} to leave out`);
    tokens[marker] = `[PAD${marker}]`;
    types[marker] = TOKEN.unused;
  }
  const size = Math.max(atLeast, file ? tokens.length : Math.ceil(tokens.length / ROUND) * ROUND);
  for (let id = tokens.length; id < size; id++) {
    tokens.push(`[PAD${id}]`);
    types.push(TOKEN.unused);
  }
  const scores = entries['tokenizer.ggml.scores'];
  if (scores?.type === 'array') while (scores.value.length < size) scores.value.push(0);
  return {
    tokens,
    types,
    entries: { ...entries, 'tokenizer.ggml.tokens': texts(tokens), 'tokenizer.ggml.token_type': i32s(types) },
  };
}

/**
 * @param {Kind} kind
 * @param {string} file
 * @returns {Vocabulary}
 */
function copyVocabulary(kind, file) {
  const { metadata } = readGguf(file);
  const entries = Object.fromEntries([...metadata].filter(([key]) => key.startsWith('tokenizer.ggml.')));
  const model = entries['tokenizer.ggml.model']?.value;
  if (model !== tokenizerModel(kind))
    throw new Error(`${file} has a vocabulary of type ${model}, a ${kind} model takes ${tokenizerModel(kind)}`);
  const tokens = /** @type {string[]} */ (entries['tokenizer.ggml.tokens']?.value);
  const types = /** @type {number[]} */ (entries['tokenizer.ggml.token_type']?.value);
  const needed = kind === 'qwen3' ? QUERY_MARKER : '<think>';
  if (kind.startsWith('qwen') && !tokens.includes(needed)) replaceSpecials(kind, tokens, types);
  return { tokens, types, entries };
}

/**
 * llama.cpp's own file of the Qwen2 vocabulary ends with the specials of Qwen2; those of Qwen3 and of the reranker take their place.
 *
 * @param {Kind} kind
 * @param {string[]} tokens
 * @param {number[]} types
 */
function replaceSpecials(kind, tokens, types) {
  const specials = qwenSpecials(kind);
  const first = tokens.indexOf('<|endoftext|>');
  if (first < 0) throw new Error('the vocabulary has no <|endoftext|>');
  for (let id = first; id < Math.max(tokens.length, first + specials.tokens.length); id++) {
    tokens[id] = specials.tokens[id - first] ?? `[PAD${id}]`;
    types[id] = specials.types[id - first] ?? TOKEN.unused;
  }
}
