import type { Tokenizer } from '../../src/family.js';

/** Ids above every code point. */
export const FAKE_SPECIALS = {
  '<|im_start|>': 2_000_000,
  '<|im_end|>': 2_000_001,
  '<|embed_token|>': 2_000_002,
  '<|rerank_token|>': 2_000_003,
};

export interface FakeTokenizer extends Tokenizer {
  /** Characters that were tokenized in all. */
  read: number;
}

/** One token for each code point. */
export function fakeTokenizer(): FakeTokenizer {
  return {
    read: 0,
    async tokenize(texts, signal) {
      signal?.throwIfAborted();
      return texts.map((text) => {
        this.read += text.length;
        return Int32Array.from([...text], (character) => character.codePointAt(0) as number);
      });
    },
    async detokenize(ids) {
      return ids.map((list) => String.fromCodePoint(...list));
    },
  };
}

/** Text of an encoded prompt, special tokens by their names. */
export function fakeText(tokens: Int32Array): string {
  const names = new Map(Object.entries(FAKE_SPECIALS).map(([name, id]) => [id, name]));
  return Array.from(tokens, (id) => names.get(id) ?? String.fromCodePoint(id)).join('');
}
