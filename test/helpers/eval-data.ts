import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EvalDocument, EvalRanker } from '../../src/eval/index.js';
import type { ModelInfo, RerankOptions } from '../../src/index.js';
import { MODEL } from '../cli/fake-shell.js';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'eval-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a folder of their own. */
export function writeFiles(files: Record<string, string>, folder = temporaryFolder()): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const lines = (records: object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

const NOUNS = ['apple', 'boat', 'cloud', 'drum', 'engine', 'forest', 'glass', 'harbour', 'island', 'jacket'];
const VERBS = ['falls', 'grows', 'melts', 'rolls', 'shines', 'sleeps', 'turns', 'waits', 'works', 'yields'];

const sentence = (i: number, words: number): string =>
  Array.from({ length: words }, (_, n) => (n % 2 ? VERBS : NOUNS)[(i * (n + 3) + Math.floor(i / (n + 1))) % 10]).join(' ');

/** A data set of made sentences: each query has a document that holds its words. */
export function writeDataset(queries: number, documents: number, folder?: string): string {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  return writeFiles(
    {
      'corpus.jsonl': lines(numbers(documents).map((i) => ({ _id: `d${i}`, title: `Note ${i}`, text: sentence(i, 8) }))),
      'queries.jsonl': lines(numbers(queries).map((i) => ({ _id: `q${i}`, text: sentence(i, 3) }))),
      'qrels/test.tsv': `query-id\tcorpus-id\tscore\n${numbers(queries)
        .map((i) => `q${i}\td${i % documents}\t1\n`)
        .join('')}`,
    },
    folder,
  );
}

/** A model whose scores are lengths of texts, and what it was asked. */
export function lengthRanker(family: ModelInfo['family'] = 'listwise', path = MODEL.path) {
  const calls: { query: string; documents: EvalDocument[]; options: RerankOptions<EvalDocument> }[] = [];
  /** Ids of each call for embeddings. */
  const embedded: string[][] = [];
  const ranker: EvalRanker = {
    model: { ...MODEL, family, path },
    async rerank(query, documents, options = {}) {
      calls.push({ query, documents, options });
      const results = documents
        .map((document, index) => ({ index, relevanceScore: document.text.length, document, truncated: false }))
        .sort((a, b) => b.relevanceScore - a.relevanceScore || a.index - b.index);
      const milliseconds = { queue: 0, tokens: 0, states: 0, score: 0, total: 0 };
      return {
        results,
        usage: {
          totalTokens: 1,
          reusedTokens: 0,
          queryTokens: 1,
          queryTruncated: false,
          blocks: 1,
          overflow: 'none',
          milliseconds,
        },
      };
    },
    async embedDocuments(documents) {
      embedded.push(documents.map(({ id }) => String(id)));
      return documents.map(({ text }) => Float32Array.of(text.length, 1));
    },
  };
  return { ranker, calls, embedded };
}
