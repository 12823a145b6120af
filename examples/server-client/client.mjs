#!/usr/bin/env node
// Clients of the server: plain fetch, and Cohere's own SDK with another address.
//
//   npx llama-rerank serve                              in another terminal
//   node examples/server-client/client.mjs [http://127.0.0.1:8080]
import { CohereClientV2 } from 'cohere-ai';

const [url = 'http://127.0.0.1:8080'] = process.argv.slice(2);
const query = 'how do I get my money back?';
const documents = [
  'Our shop opens at nine.',
  'Refunds are paid within five days of the return.',
  'Gift cards are valid for three years.',
];

// The API of Jina: /v1/rerank.
const response = await fetch(`${url}/v1/rerank`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ query, documents, top_n: 2, return_documents: true }),
});
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
const { results } = /** @type {{ results: { relevance_score: number, document: string }[] }} */ (await response.json());
for (const { relevance_score, document } of results) console.log('fetch ', relevance_score.toFixed(4), document);

// The API of Cohere: /v2/rerank.
const cohere = new CohereClientV2({ token: 'none needed', environment: url });
const answer = await cohere.rerank({ model: 'any', query, documents, topN: 2 });
for (const { index, relevanceScore } of answer.results) console.log('cohere', relevanceScore.toFixed(4), documents[index]);
