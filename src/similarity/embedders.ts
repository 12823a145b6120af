import type { Pooling } from '../types.js';

/** How a model wants its texts, as its publisher says. */
export interface Prefixes {
  /** What stands before a query; `{instruction}` is replaced by the call's instruction. */
  readonly query: string;
  /** What stands before a document. */
  readonly document: string;
  /** The instruction where a call has none. */
  readonly instruction?: string;
}

/** What is known of an embedding model besides its file. */
export interface Embedder {
  readonly prefixes?: Partial<Prefixes>;
  /** What older conversions do not say. */
  readonly pooling?: Pooling;
  /** Control token after each text, whatever the file says: the first conversions lack it. */
  readonly end?: string;
  /** Share of BM25 in the score: chosen by measurement, docs/models.md. */
  readonly lexical?: number;
}

/** The instruction in the model cards of Qwen3-Embedding and E5. */
export const SEARCH_INSTRUCTION = 'Given a web search query, retrieve relevant passages that answer the query';

const REPRESENT = 'Represent this sentence for searching relevant passages: ';

/**
 * Embedding models by a part of their name, from their model cards; the first that matches counts. A part begins a word and ends one.
 * Names are in lower case, their words joined by hyphens.
 */
const EMBEDDERS: readonly (readonly [part: string, Embedder])[] = [
  ['multilingual-e5-large-instruct', e5('Instruct: {instruction}\nQuery: ', '')],
  ['multilingual-e5', e5('query: ', 'passage: ')],
  ['e5-(small|base|large)', e5('query: ', 'passage: ')],
  ['bge-m3', { pooling: 'cls' }],
  ['bge-(small|base|large)-en', { pooling: 'cls', prefixes: { query: REPRESENT } }],
  ['bge-(small|base|large)-zh', { pooling: 'cls', prefixes: { query: '为这个句子生成表示以用于检索相关文章：' } }],
  ['snowflake-arctic-embed-[lm]-v2.0', { pooling: 'cls', prefixes: { query: 'query: ' } }],
  ['snowflake-arctic-embed', { pooling: 'cls', prefixes: { query: REPRESENT } }],
  ['mxbai-embed-large', { pooling: 'cls', prefixes: { query: REPRESENT } }],
  ['nomic-embed-text', { pooling: 'mean', prefixes: { query: 'search_query: ', document: 'search_document: ' } }],
  ['embeddinggemma', { pooling: 'mean', prefixes: { query: 'task: search result | query: ', document: 'title: none | text: ' } }],
  ['qwen3-embedding', { pooling: 'last', end: '<|endoftext|>', prefixes: { query: 'Instruct: {instruction}\nQuery:' } }],
  [
    'jina-code-embeddings',
    {
      pooling: 'last',
      prefixes: {
        query: 'Find the most relevant code snippet given the following query:\n',
        document: 'Candidate code snippet:\n',
      },
    },
  ],
  ['jina-embeddings-v2', { pooling: 'mean' }],
  ['all-minilm-l6-v2', { pooling: 'mean', lexical: 0.25 }],
  ['all-minilm', { pooling: 'mean' }],
  ['gte-modernbert', { pooling: 'cls' }],
  ['gte-(small|base|large)', { pooling: 'mean' }],
];

function e5(query: string, document: string): Embedder {
  return { pooling: 'mean', prefixes: { query, document } };
}

/** What is known of a model that has one of these names: its own in the file, and that of the file. */
export function findEmbedder(names: readonly (string | undefined)[]): Embedder | undefined {
  const plain = names.map((name) => (name ?? '').toLowerCase().replace(/[\s_]+/g, '-'));
  const known = EMBEDDERS.find(([part]) => {
    const pattern = new RegExp(`(^|[^a-z0-9])${part}([^a-z0-9]|$)`);
    return plain.some((name) => pattern.test(name));
  });
  return known?.[1];
}

/** `Instruct: {instruction}` and so on, with the instruction filled in. */
export function fillInstruction(prefix: string, instruction: string): string {
  return prefix.replaceAll('{instruction}', () => instruction);
}
