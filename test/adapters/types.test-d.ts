import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression';
import type { Document, DocumentInterface } from '@langchain/core/documents';
import type { BaseRetriever } from '@langchain/core/retrievers';
import type { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors';
import * as ai6 from 'ai';
import * as ai7 from 'ai7';
import { createLlamaRerank, type LlamaRerankModelOptions, llamaRerank } from '../../src/adapters/ai-sdk.js';
import { LlamaRerank } from '../../src/adapters/langchain.js';
import type { Reranker } from '../../src/index.js';

/** The declarations of both SDKs take the model and the provider as they are. */
export async function aiSdk(reranker: Reranker): Promise<void> {
  const model6: ai6.RerankingModel = llamaRerank.reranking('jina-reranker-v3');
  const model7: ai7.RerankingModel = llamaRerank('any/name');
  await ai6.rerank({ model: model6, query: 'q', documents: ['a'] });
  await ai7.rerank({ model: model7, query: 'q', documents: [{ a: 1 }] });
  await ai6.rerank({ model: llamaRerank(), query: 'q', documents: [{ a: 1 }], topN: 1 });
  await ai7.rerank({ model: llamaRerank(reranker), query: 'q', documents: ['a'] });
  ai6.createProviderRegistry({ llamaRerank });
  ai7.createProviderRegistry({ llamaRerank });
  const options = { maxDocumentTokens: 256, overflow: 'chunk' } satisfies LlamaRerankModelOptions;
  await ai6.rerank({ model: model6, query: 'q', documents: ['a'], providerOptions: { llamaRerank: options } });
  await ai7.rerank({ model: model7, query: 'q', documents: ['a'], providerOptions: { llamaRerank: options } });
  createLlamaRerank({ text: (document) => String(document.body), threads: 2 });
  // @ts-expect-error: each call has its own signal
  createLlamaRerank({ signal: AbortSignal.abort() });
  // @ts-expect-error: no such setting
  createLlamaRerank({ topN: 3 });
  // @ts-expect-error: text is a property's name or a function
  createLlamaRerank({ text: 5 });
}

export async function langchain(reranker: Reranker, documents: Document<{ page: number }>[], base: BaseRetriever): Promise<void> {
  const compressor: BaseDocumentCompressor = new LlamaRerank();
  const some: DocumentInterface[] = await compressor.compressDocuments(documents, 'q');
  const kept: Document<{ page: number }>[] = await new LlamaRerank({ model: reranker, topN: 5 }).compressDocuments(
    documents,
    'q',
  );
  new ContextualCompressionRetriever({ baseCompressor: new LlamaRerank({ threads: 2 }), baseRetriever: base });
  // @ts-expect-error: a slip in a field's name
  new LlamaRerank({ topn: 3 });
  void [some, kept];
}
