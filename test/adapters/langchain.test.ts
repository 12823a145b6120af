import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression';
import { Document } from '@langchain/core/documents';
import { BaseRetriever } from '@langchain/core/retrievers';
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors';
import { afterAll, expect, test } from 'vitest';
import { LlamaRerank } from '../../src/adapters/langchain.js';
import { type Ranker, Reranker } from '../../src/index.js';
import { STARTER } from '../helpers/models.js';
import { loaded, rejection } from '../helpers/reranker.js';

const QUERY = 'how do I get my money back?';
const TEXTS = ['Our shop opens at nine.', 'Refunds are paid within five days.', 'Lentil soup needs cumin.', 'Returns are free.'];
const documents = () => TEXTS.map((pageContent, i) => new Document({ pageContent, metadata: { i }, id: `d${i}` }));

const reranker = loaded(STARTER);
const compressor = new LlamaRerank({ gpu: 'cpu', threads: 1 });
afterAll(() => compressor.dispose());

test('compressDocuments: the best three, scores in their metadata, what was given unchanged', async () => {
  const given = documents();
  const expected = (await reranker().rerank(QUERY, TEXTS)).results.slice(0, 3);
  const kept = await compressor.compressDocuments(given, QUERY);
  expect(kept.map(({ id, pageContent, metadata }) => ({ id, pageContent, metadata }))).toEqual(
    expected.map(({ index, document, relevanceScore }) => ({
      id: `d${index}`,
      pageContent: document,
      metadata: { i: index, relevanceScore },
    })),
  );
  expect(kept.every((document) => document instanceof Document)).toBe(true);
  expect(given).toEqual(documents());
});

test('a cascade: which stage scored what', async () => {
  const stages = [await Reranker.load(STARTER, { threads: 1 }), await Reranker.load(STARTER, { threads: 1 })];
  await using cascade = Reranker.cascade(stages, { keep: 2 });
  const kept = await new LlamaRerank({ model: cascade }).compressDocuments(documents(), QUERY);
  expect(kept.map(({ metadata }) => (metadata as { stage?: number }).stage)).toEqual([1, 1, 0]);
});

test('rerank: indices and scores, of documents and of texts', async () => {
  const expected = (await reranker().rerank(QUERY, TEXTS)).results.map(({ index, relevanceScore }) => ({
    index,
    relevanceScore,
  }));
  expect(await compressor.rerank(documents(), QUERY, { topN: 4 })).toEqual(expected);
  expect(await compressor.rerank(TEXTS, QUERY)).toEqual(expected.slice(0, 3));
});

test('in the retriever of LangChain', async () => {
  class Everything extends BaseRetriever {
    override lc_namespace = ['test'];
    override async _getRelevantDocuments() {
      return documents();
    }
  }
  expect(BaseDocumentCompressor.isBaseDocumentCompressor(compressor)).toBe(true);
  const retriever = new ContextualCompressionRetriever({
    baseCompressor: new LlamaRerank({ model: reranker(), topN: 2 }),
    baseRetriever: new Everything(),
  });
  const found = await retriever.invoke(QUERY);
  expect(found.map(({ id }) => id)).toEqual(['d1', 'd3']);
  expect(found[0]?.metadata.relevanceScore).toBeGreaterThan(found[1]?.metadata.relevanceScore);
});

test('no documents: no model is loaded', async () => {
  const missing = new LlamaRerank({ model: 'no/such/file.gguf' });
  expect(await missing.compressDocuments([], QUERY)).toEqual([]);
  expect(await rejection(missing.compressDocuments(documents(), QUERY))).toMatchObject({ code: 'MODEL_NOT_FOUND' });
});

test('minScore and other options of the constructor reach each call', async () => {
  const scores = (await reranker().rerank(QUERY, TEXTS)).results.map(({ relevanceScore }) => relevanceScore);
  const strict = new LlamaRerank({ model: reranker(), minScore: scores[1] as number });
  expect(await strict.compressDocuments(documents(), QUERY)).toHaveLength(2);
  const wrong = new LlamaRerank({ model: reranker(), overflow: 'drop' as never });
  expect(await rejection(wrong.rerank(TEXTS, QUERY))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(() => new LlamaRerank({ model: null as unknown as Ranker })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});

test('a signal cancels', async () => {
  expect(await rejection(compressor.rerank(TEXTS, QUERY, { signal: AbortSignal.abort('no') }))).toBe('no');
});

test('dispose frees what it loaded, and nothing else', async () => {
  await using own = new LlamaRerank({ gpu: 'cpu', threads: 1 });
  await own.rerank(TEXTS, QUERY);
  const running = rejection(
    own.rerank(
      Array.from({ length: 2000 }, (_, i) => `document ${i} ${'word '.repeat(100)}`),
      QUERY,
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  await own.dispose();
  expect(await running).toMatchObject({ code: 'DISPOSED' });
  await new LlamaRerank({ model: reranker() }).dispose();
  expect((await reranker().rerank(QUERY, TEXTS)).results).toHaveLength(4);
});
