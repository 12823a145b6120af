// @ts-check
// This project. Settings: those of Reranker.load.
import { Reranker } from '../../dist/index.js';
import { runPeer, versionIn } from './contract.mjs';

const version = versionIn(new URL('../../package.json', import.meta.url));

await runPeer('llama-rerank', version, async (model, threads, settings) => {
  const reranker = await Reranker.load(model, { gpu: 'cpu', threads, ...settings });
  return {
    rank: async ({ query, documents }) => {
      const { results, usage } = await reranker.rerank(query, documents);
      const scores = results.toSorted((a, b) => a.index - b.index).map((result) => result.relevanceScore);
      return { scores, tokens: usage.totalTokens };
    },
    close: () => reranker.dispose(),
  };
});
