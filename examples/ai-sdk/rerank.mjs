#!/usr/bin/env node
// The AI SDK (6 and 7) with a reranking model on this machine: no key, no network.
//
//   npm install llama-rerank ai
//   node examples/ai-sdk/rerank.mjs
import { rerank } from 'ai';
import { createLlamaRerank, llamaRerank } from 'llama-rerank/ai-sdk';

const query = 'how do I get my money back?';

// Texts, with the starter model. llamaRerank('jina-reranker-v3') is for other languages and the best quality.
const { ranking, providerMetadata } = await rerank({
  model: llamaRerank(),
  query,
  documents: [
    'Our shop opens at nine.',
    'Refunds are paid within five days of the return.',
    'Gift cards are valid for three years.',
  ],
  topN: 2,
  providerOptions: { llamaRerank: { maxDocumentTokens: 256 } },
});
for (const { score, document } of ranking) console.log(score.toFixed(4), document);
console.log('tokens:', providerMetadata?.llamaRerank?.totalTokens);

// Objects, by one of their properties.
const tickets = [
  { id: 17, subject: 'Opening hours', body: 'When do you open on Sundays?' },
  { id: 18, subject: 'Order 4711', body: 'I sent the shoes back and still wait for my refund.' },
];
const byBody = createLlamaRerank({ text: 'body' });
const { rerankedDocuments } = await rerank({ model: byBody(), query, documents: tickets });
console.log('first ticket:', rerankedDocuments[0]?.id);

await Promise.all([llamaRerank.dispose(), byBody.dispose()]);
