// @ts-check
// Time of a cascade beside each stage alone, how deadlines are kept, and how much of the strong model's ten best a cascade finds:
//   node bench/cascade.mjs STRONG.gguf [--fast starter] [--documents 60] [--characters 400] [--keep 10,20] [--deadlines 200,1000,5000]
//     [--rounds 3] [--threads N]
// After `npm run build:ts`. Documents are the beginnings of texts in node_modules. Times are medians; overruns the largest.
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Reranker } from '../dist/index.js';
import { installedDocuments } from './documents.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fast: { type: 'string', default: 'starter' },
    documents: { type: 'string', default: '60' },
    characters: { type: 'string', default: '400' },
    keep: { type: 'string', default: '10,20' },
    deadlines: { type: 'string', default: '200,1000,5000' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const QUERIES = [
  'how do I parse command line options?',
  'which licence allows commercial use without conditions?',
  'how are streams read line by line?',
  'colours in the terminal',
  'what is done about prototype pollution?',
];
const numbers = (/** @type {string} */ list) => list.split(',').map(Number);
const sorted = (/** @type {number[]} */ list) => [...list].sort((a, b) => a - b);
const median = (/** @type {number[]} */ list) => sorted(list)[Math.floor(list.length / 2)] ?? Number.NaN;
const ms = (/** @type {number} */ time) => `${Math.round(time)} ms`;

const options = /** @type {const} */ ({ threads: Number(values.threads), gpu: 'cpu' });
const fast = await Reranker.load(values.fast, options);
const strong = await Reranker.load(positionals[0], options);
const documents = installedDocuments(Number(values.documents), Number(values.characters));
const rounds = Number(values.rounds);
console.log(`${fast.model.description}, then ${strong.model.description}; ${documents.length} documents, ${rounds} queries`);
console.log(`${cpus()[0]?.model}, ${values.threads} threads`);

const queries = Array.from({ length: rounds }, (_, i) => QUERIES[i % QUERIES.length] ?? '');

/**
 * @param {Reranker} reranker
 * @param {number} [deadline]
 */
async function measure(reranker, deadline) {
  const runs = [];
  for (const query of queries) {
    const begin = performance.now();
    const response = await reranker.rerank(query, documents, deadline ? { deadline } : {});
    runs.push({ time: performance.now() - begin, response, best: response.results.slice(0, 10).map(({ index }) => index) });
  }
  return runs;
}

const strongAlone = await measure(strong);
const time = (/** @type {{ time: number }[]} */ runs) => ms(median(runs.map((run) => run.time)));
/** @param {{ best: number[] }[]} runs */
const found = (runs) => {
  const shared = runs.flatMap(({ best }, i) => best.filter((index) => strongAlone[i]?.best.includes(index)));
  const all = strongAlone.flatMap(({ best }) => best);
  return `${Math.round((100 * shared.length) / all.length)} % of the strong model's ten best`;
};
const fastAlone = await measure(fast);
console.log(`fast alone      ${time(fastAlone)}, ${found(fastAlone)}`);
console.log(`strong alone    ${time(strongAlone)}`);

for (const keep of numbers(values.keep)) {
  const free = await measure(Reranker.cascade([fast, strong], { keep }));
  console.log(`keep ${keep}         ${time(free)}, ${found(free)}`);
  for (const deadline of numbers(values.deadlines)) {
    // A cascade of its own, so that the first call has no measured pace.
    const runs = await measure(Reranker.cascade([fast, strong], { keep }), deadline);
    const over = Math.max(...runs.map((run) => run.time - deadline));
    const scored = runs.map(({ response }) => response.stages?.[1]?.scored).join(', ');
    console.log(
      `keep ${keep}, deadline ${deadline} ms: ${time(runs)}, at most ${ms(over)} late, scored ${scored}; ${found(runs)}`,
    );
  }
}
await Promise.all([fast.dispose(), strong.dispose()]);
