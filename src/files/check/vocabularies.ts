import type { VocabularyRules } from './architecture.js';

const key = (name: string): string => `tokenizer.ggml.${name}_token_id`;

/** Google's BERT: pieces of words. */
export const WORDPIECE: VocabularyRules = {
  model: 'bert',
  longestToken: 192,
  specials: [
    { key: key('bos'), fallback: 101, texts: ['[CLS]'] },
    { key: key('cls'), texts: ['[CLS]'] },
    { key: key('seperator'), fallback: 102, texts: ['[SEP]'] },
    { key: key('unknown'), fallback: 100, texts: ['[UNK]'] },
    { key: key('padding'), texts: ['[PAD]'] },
    { key: key('mask'), texts: ['[MASK]'] },
  ],
};

/** RoBERTa, and those of jina's models that are built like it: pairs of bytes. */
export const ROBERTA: VocabularyRules = {
  model: 'gpt2',
  pre: ['roberta-bpe', 'jina-v1-en', 'jina-v2-es', 'jina-v2-de', 'jina-v2-code', 'jina-es', 'jina-de'],
  merges: true,
  longestToken: 1024,
  specials: [
    { key: key('bos'), fallback: 11, texts: ['<s>'] },
    { key: key('cls'), texts: ['<s>'] },
    { key: key('eos'), fallback: 11, texts: ['</s>'] },
    { key: key('seperator'), required: true, texts: ['</s>'] },
    { key: key('padding'), texts: ['<pad>'] },
  ],
};

/** XLM-RoBERTa: pieces with scores. The mask is not looked at: conversions from sentencepiece's own file leave it out. */
export const XLM_ROBERTA: VocabularyRules = {
  model: 't5',
  scores: true,
  charsmap: true,
  longestToken: 256,
  specials: [
    { key: key('bos'), required: true, texts: ['<s>'] },
    { key: key('cls'), texts: ['<s>'] },
    { key: key('eos'), fallback: 1, texts: ['</s>'] },
    { key: key('seperator'), required: true, texts: ['</s>'] },
    { key: key('padding'), texts: ['<pad>'] },
    { key: key('unknown'), fallback: 2, anyType: true, texts: ['<unk>'] },
  ],
};

/** Qwen2, Qwen2.5 and Qwen3. */
export const QWEN: VocabularyRules = {
  model: 'gpt2',
  pre: ['qwen2'],
  merges: true,
  longestToken: 1024,
  specials: [
    { key: key('bos'), texts: ['<|endoftext|>'] },
    { key: key('eos'), texts: ['<|im_end|>', '<|endoftext|>'] },
  ],
};

/** ModernBERT: pairs of bytes, with the names of BERT's special tokens. */
export const MODERN: VocabularyRules = {
  model: 'gpt2',
  pre: ['modern-bert'],
  merges: true,
  longestToken: 1024,
  specials: [
    { key: key('bos'), texts: ['[CLS]'] },
    { key: key('cls'), texts: ['[CLS]'] },
    { key: key('eos'), texts: ['[SEP]'] },
    { key: key('seperator'), required: true, texts: ['[SEP]'] },
    { key: key('padding'), texts: ['[PAD]'] },
  ],
};

/** Gemma 3: pieces with scores, and bytes. */
export const GEMMA: VocabularyRules = {
  model: 'llama',
  scores: true,
  bytes: true,
  longestToken: 1024,
  specials: [
    { key: key('bos'), fallback: 1, texts: ['<bos>'] },
    { key: key('eos'), fallback: 2, texts: ['<eos>'] },
    { key: key('unknown'), fallback: 0, anyType: true, texts: ['<unk>'] },
    { key: key('padding'), texts: ['<pad>'] },
  ],
};
