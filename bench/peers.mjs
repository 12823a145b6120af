// @ts-check
// Rerankers side by side on this machine's CPU: same documents, same run, each peer at its best settings. From the repository root:
//   NODE_LLAMA_CPP_SKIP_DOWNLOAD=true ONNXRUNTIME_NODE_INSTALL=skip npm install --prefix bench
//   sh bench/peers/build-llama-server.sh
//   python3 -m pip install onnx onnxruntime gguf
//   node bench/peers.mjs
// Every measurement is a process of its own. In each round every peer with each of its settings takes one turn; a setting's figures are
// the medians of the rounds, and a peer's are those of its fastest setting. All settings go to stderr.
import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { makeModels, makeOnnx, writeWork } from './peers/prepare.mjs';
import { summarize, table } from './peers/report.mjs';
import { TASKS } from './peers/settings.mjs';

/** @typedef {import('./peers/contract.mjs').Measurement} Measurement */
/** @typedef {import('./peers/settings.mjs').PeerName} PeerName */

const FOLDER = join('build', 'bench');
/** What stands for a GGUF type in transformers.js. @type {Record<string, string>} */
const DTYPES = { F16: 'fp32', Q8_0: 'q8' };

const { values } = parseArgs({
  options: {
    task: { type: 'string', default: 'cross-encoder' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    documents: { type: 'string' },
    peers: { type: 'string', default: 'llama-rerank,node-llama-cpp,llama-server,transformers' },
    // A GGUF file whose vocabulary the models get: without it texts have more tokens than they should.
    vocab: { type: 'string' },
    // A GGUF file that counts the documents' tokens; default the model.
    tokenizer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    server: { type: 'string', default: join(FOLDER, 'llama-server', 'bin', 'llama-server') },
  },
});
const task = Object.entries(TASKS).find(([name]) => name === values.task)?.[1];
if (!task) throw new Error(`--task is ${values.task}, expected ${Object.keys(TASKS).join(', ')}`);
if (values.documents) task.documents = Number(values.documents);
task.warmup = Math.min(task.warmup, task.documents);
const peers = /** @type {PeerName[]} */ (values.peers.split(','));

const models = makeModels(FOLDER, task, values.vocab);
const [model = ''] = Object.values(models);
const onnx = peers.includes('transformers') && task.settings.transformers.length > 0 ? makeOnnx(values.python, model) : '';
const work = join(FOLDER, `${values.task}.json`);
await writeWork(work, task, values.tokenizer ?? model);

/** @type {{ type: string, peer: PeerName, settings: Record<string, unknown>, rounds: Measurement[] }[]} */
const runs = task.types.flatMap((type) =>
  peers.flatMap((peer) => task.settings[peer].map((settings) => ({ type, peer, settings, rounds: [] }))),
);
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const run of runs) {
    const measurement = await measure(run);
    if (measurement) run.rounds.push(measurement);
    console.error(`round ${round}, ${run.type}: ${JSON.stringify(measurement)}`);
  }
}

console.log(`${task.documents} documents of ${task.tokens} tokens, ${cpus()[0]?.model}, ${values.threads} threads,`);
console.log(`Node ${process.versions.node}, medians of ${values.rounds}, peak memory with the pages of mapped files.\n`);
for (const type of task.types) {
  const measured = runs.filter((run) => run.type === type && run.rounds.length > 0).map((run) => summarize(run.rounds));
  const best = [...new Set(measured.map(({ peer }) => peer))].map((peer) =>
    measured.filter((run) => run.peer === peer).reduce((a, b) => (b.seconds < a.seconds ? b : a)),
  );
  console.log(table(`${task.kind}, ${type}${onnx ? ` (transformers.js: ${DTYPES[type]})` : ''}`, best));
}

/**
 * @param {{ type: string, peer: PeerName, settings: Record<string, unknown> }} run
 * @returns {Promise<Measurement | undefined>}
 */
async function measure({ type, peer, settings }) {
  const runner = fileURLToPath(new URL(`peers/${peer}.mjs`, import.meta.url));
  const transformers = peer === 'transformers';
  const file = transformers ? onnx : models[type];
  const own = transformers ? { dtype: DTYPES[type], ...settings } : settings;
  const args = [runner, file ?? '', work, values.threads, JSON.stringify(own)];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, LLAMA_SERVER: values.server },
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    console.error(`${peer} failed: ${/^\w*Error: .*/m.exec(text)?.[0] ?? text}`);
    return undefined;
  }
}
