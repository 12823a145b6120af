// @ts-check
// What a process of its own costs: node bench/isolate.mjs [--threads N]
// Medians of the same calls on one model in this process and in a process of its own; nothing else should run meanwhile.
import { execFileSync } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Reranker } from '../dist/index.js';

const { values } = parseArgs({ options: { threads: { type: 'string', default: '1' } } });
const QUERY = 'how do I get my money back?';
const LONG = Array.from({ length: 10_000 }, (_, i) => `document ${i} ${'of some words '.repeat(150)}`);

/** @param {number[]} list */
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;

/** Median milliseconds. @param {number} times @param {() => Promise<unknown>} action */
async function time(times, action) {
  const list = [];
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    await action();
    list.push(performance.now() - begin);
  }
  return median(list);
}

const rows = [];
for (const isolate of [false, true]) {
  const options = /** @type {const} */ ({ gpu: 'cpu', threads: Number(values.threads), isolate });
  await (await Reranker.load(undefined, options)).dispose();
  const load = await time(7, async () => (await Reranker.load(undefined, options)).dispose());
  const reranker = await Reranker.load(undefined, options);
  const count = await time(500, () => reranker.countTokens(['one']));
  const documents = LONG.slice(0, 100).map((text) => text.slice(0, 1000));
  const documentEmbeddings = await reranker.embedDocuments(documents);
  const rank = await time(100, () => reranker.rerank(QUERY, documents, { documentEmbeddings }));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const many = await time(3, () => reranker.countTokens(LONG));
  delay.disable();
  const ours = execFileSync('ps', ['-A', '-o', 'ppid=,rss=,args='], { encoding: 'utf8' }).split('\n');
  const child = ours
    .map((line) => line.trim().split(/\s+/))
    .find(([ppid, , ...args]) => Number(ppid) === process.pid && /isolate.child/.test(args.join(' ')));
  rows.push({
    isolate,
    'load and dispose (ms)': load.toFixed(1),
    'smallest call (ms)': count.toFixed(3),
    '100 known documents of 1 kB (ms)': rank.toFixed(2),
    '10,000 documents of 2 kB, counted (ms)': many.toFixed(0),
    'longest wait of the event loop (ms)': (delay.max / 1e6).toFixed(1),
    "the process's memory (MB)": child ? (Number(child[1]) / 1000).toFixed(0) : '-',
  });
  await reranker.dispose();
}
console.log(
  rows
    .map((row) =>
      Object.entries(row)
        .map(([name, value]) => `${String(value).padStart(8)}  ${name}`)
        .join('\n'),
    )
    .join('\n\n'),
);
