#!/usr/bin/env node
// LangChain: a retriever whose results are reranked on this machine.
//
//   npm install llama-rerank @langchain/core @langchain/classic
//   node examples/langchain/retriever.mjs
import { readdirSync, readFileSync } from 'node:fs';
import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression';
import { Document } from '@langchain/core/documents';
import { BaseRetriever } from '@langchain/core/retrievers';
import { LlamaRerank } from 'llama-rerank/langchain';

const folder = new URL('../documents/', import.meta.url);
const documents = readdirSync(folder).map(
  (source) => new Document({ pageContent: readFileSync(new URL(source, folder), 'utf8'), metadata: { source } }),
);

/** Stands for your vector store: vectorStore.asRetriever(50). */
class EverythingRetriever extends BaseRetriever {
  /** @override */
  lc_namespace = ['examples'];
  /** @override */
  async _getRelevantDocuments() {
    return documents;
  }
}

const reranker = new LlamaRerank({ topN: 3 }); // { model: 'jina-reranker-v3' } for other languages and the best quality
const retriever = new ContextualCompressionRetriever({ baseCompressor: reranker, baseRetriever: new EverythingRetriever() });

for (const { metadata } of await retriever.invoke('I want my money back')) {
  console.log(metadata.relevanceScore.toFixed(4), metadata.source);
}
await reranker.dispose();
