#!/usr/bin/env node
// The retrieval of RAG over a folder of Markdown, on this machine: passages by heading, BM25 finds candidates, a reranker reads each of
// them together with the question. What it prints is what you would put into the prompt of a language model.
//
//   node examples/rag/rag.mjs "the radiators stay cold"
//   node examples/rag/rag.mjs "what happens to long documents?" docs
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Reranker } from 'llama-rerank';
import MiniSearch from 'minisearch';
import { readPassages } from './chunks.mjs';

const CANDIDATES = 50;
const PASSAGES = 3;

const [question = 'the radiators stay cold', folder = fileURLToPath(new URL('../notes', import.meta.url))] =
  process.argv.slice(2);

const passages = await readPassages(folder);
const index = new MiniSearch({ fields: ['heading', 'text'], storeFields: ['source', 'heading', 'text'] });
index.addAll(passages);

// BM25 is quick and knows words only; what it ranks first need not be the answer, but the answer is mostly among the first fifty.
const candidates = index.search(question, { prefix: true }).slice(0, CANDIDATES);

const reranker = await Reranker.load(); // or 'jina-reranker-v3', for other languages than English and better results
const { results } = await reranker.rerank(question, candidates, {
  text: ({ heading, text }) => `${heading}\n${text}`,
  topN: PASSAGES,
});
await reranker.dispose();

console.log(`${passages.length} passages, ${candidates.length} candidates, the best ${results.length}:\n`);
for (const { document, relevanceScore } of results) {
  console.log(`${relevanceScore.toFixed(4)}  ${relative('.', folder)}/${document.source}: ${document.heading}`);
  console.log(`${document.text}\n`);
}
