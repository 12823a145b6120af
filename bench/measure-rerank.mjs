// @ts-check
// One measurement of bench/speed.mjs, in a process of its own: the public API on COUNT real documents.
// Arguments: MODEL COUNT THREADS
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Reranker } from '../dist/index.js';
import { installedDocuments } from './documents.mjs';

const [model = '', count = '', threads = ''] = process.argv.slice(2);
const documents = installedDocuments(Number(count), 500);
const delay = monitorEventLoopDelay({ resolution: 1 });
const begin = performance.now();
const reranker = await Reranker.load(model || undefined, { threads: Number(threads), gpu: 'cpu' });
const load = performance.now() - begin;
delay.enable();
const { usage } = await reranker.rerank('how do I parse command line options?', documents);
delay.disable();
console.log(
  JSON.stringify({
    load,
    tokens: usage.totalTokens,
    rate: usage.totalTokens / (usage.milliseconds.total / 1000),
    seconds: usage.milliseconds.total / 1000,
    megabytes: process.resourceUsage().maxRSS / 1024,
    delay: delay.max / 1e6,
  }),
);
await reranker.dispose();
