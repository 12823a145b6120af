// @ts-check
// Speed and memory of one model file on this machine:
//   node bench/speed.mjs MODEL.gguf [--rounds 3] [--tokens 2048] [--documents 64] [--threads N]
// Without MODEL: the starter model, public API only. Every measurement is a process of its own; the two ways to read hidden states
// take turns, and each figure is the median of the rounds.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    tokens: { type: 'string', default: '2048' },
    documents: { type: 'string', default: '64' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const [model = ''] = positionals;

/** @param {string} script @param {string[]} args @returns {Record<string, number>} */
function measure(script, ...args) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [file, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** @param {Record<string, number>[]} runs @param {string} key */
function median(runs, key) {
  const sorted = runs.map((run) => run[key] ?? Number.NaN).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const rounds = Array.from({ length: Number(values.rounds) });
console.log(`${model || 'starter model'} on ${cpus()[0]?.model}, ${values.threads} threads, median of ${values.rounds}`);

const reranks = rounds.map(() => measure('measure-rerank.mjs', model, values.documents, values.threads));
console.log(
  `rerank ${values.documents} documents: ${median(reranks, 'tokens')} tokens in ${median(reranks, 'seconds').toFixed(1)} s, ` +
    `${median(reranks, 'rate').toFixed(0)} tokens/s, peak ${median(reranks, 'megabytes').toFixed(0)} MB, ` +
    `load ${median(reranks, 'load').toFixed(0)} ms, largest event loop delay ${median(reranks, 'delay').toFixed(1)} ms`,
);

if (model) {
  /** @type {{ marked: Record<string, number>[], all: Record<string, number>[] }} */
  const runs = { marked: [], all: [] };
  for (const _ of rounds) {
    for (const states of /** @type {const} */ (['marked', 'all'])) {
      runs[states].push(measure('measure-states.mjs', model, states, values.tokens, values.threads));
    }
  }
  const show = (/** @type {'marked' | 'all'} */ states) =>
    `${median(runs[states], 'rate').toFixed(0)} tokens/s, peak ${median(runs[states], 'megabytes').toFixed(0)} MB`;
  console.log(`${median(runs.marked, 'tokens')} tokens, ${median(runs.marked, 'rows')} rows`);
  console.log(`  marked rows through cb_eval: ${show('marked')}`);
  console.log(`  embeddings = true:           ${show('all')}`);
  console.log(
    `  ratio: speed ${(median(runs.marked, 'rate') / median(runs.all, 'rate')).toFixed(2)}, ` +
      `memory ${(median(runs.marked, 'megabytes') / median(runs.all, 'megabytes')).toFixed(2)}`,
  );
}
