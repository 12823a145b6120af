// @ts-check
// One measurement of bench/speed.mjs, in a process of its own: hidden states of one prompt of at most TOKENS tokens.
// Arguments: MODEL marked|all TOKENS THREADS
import { openLibrary } from '../dist/engine/library.js';
import { NativeTokenizer } from '../dist/engine/tokenizer.js';
import { planPrompts } from '../dist/listwise/plan.js';
import { installedDocuments } from './documents.mjs';

const [model = '', states = '', tokens = '', threads = ''] = process.argv.slice(2);
const { addon } = await openLibrary('cpu');
const native = new addon.Model(model, { gpuLayers: 0, useGpu: false, mmap: false }, null);
const info = await native.load();
const tokenizer = new NativeTokenizer(native);
/** @type {import('../dist/family.js').RerankRequest} */
const request = {
  query: 'how do I parse command line options?',
  texts: [],
  topN: 1,
  minScore: undefined,
  returnEmbeddings: false,
  instruction: '',
  maxDocumentTokens: 2048,
  maxQueryTokens: 512,
  blockSize: 125,
  overflow: 'truncate',
  timeout: undefined,
  signal: undefined,
  onProgress: undefined,
};
const plan = await planPrompts({ ...request, texts: installedDocuments(16, 2000) }, tokenizer, info.control, Number(tokens));
const [job] = plan.jobs;
if (!job) throw new Error('no job');
const context = new addon.Context(native, {
  states: states === 'all' ? 'all' : 'marked',
  threads: Number(threads),
  ubatch: 512,
  flashAttention: true,
  kernels: /** @type {import('../dist/engine/addon.js').Kernels} */ (process.env.LLAMA_RERANK_KERNELS || 'avx512'),
  kvCacheType: 'f16',
  maxTokens: Number(tokens),
});
const begin = performance.now();
await context.run(job, null);
const seconds = (performance.now() - begin) / 1000;
console.log(
  JSON.stringify({
    tokens: job.tokens.length,
    rows: job.rows.length,
    rate: job.tokens.length / seconds,
    megabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
await context.close();
await native.close();
