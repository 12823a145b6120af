// @ts-check
// Settings: contexts (documents are dealt out to that many, and the threads too), flashAttention, contextSize.
// A ranking context takes one document at a time, so several contexts are the only way to rank several at once.
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { runPeer, versionIn } from './contract.mjs';

const version = versionIn(new URL('../package.json', import.meta.resolve('node-llama-cpp')));

await runPeer('node-llama-cpp', version, async (modelPath, threads, { contexts: count, flashAttention, contextSize }) => {
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0, defaultContextFlashAttention: flashAttention });
  const perContext = Math.max(1, Math.floor(threads / count));
  /** @type {import('node-llama-cpp').LlamaRankingContext[]} */
  const contexts = [];
  for (let i = 0; i < count; i++)
    contexts.push(await model.createRankingContext({ contextSize, batchSize: contextSize, threads: perContext }));
  return {
    rank: async ({ query, documents }) => {
      const parts = await Promise.all(
        contexts.map((context, i) =>
          context.rankAll(
            query,
            documents.filter((_, index) => index % count === i),
          ),
        ),
      );
      const scores = documents.map((_, index) => parts[index % count]?.[Math.floor(index / count)] ?? Number.NaN);
      const tokens = documents.map((document) => contexts[0]?.calculateInputLength(query, document) ?? 0);
      return { scores, tokens: tokens.reduce((sum, length) => sum + length, 0) };
    },
    close: () => llama.dispose(),
  };
});
