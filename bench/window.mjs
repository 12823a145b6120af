// @ts-check
// What the sliding window that this package applies costs: node bench/window.mjs MODEL.gguf [--rounds 5] [--tokens 4096] [--threads N]
// MODEL is a qwen3 file with a sliding window. The same prompt runs with the window and without it, in turns, in one process.
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openLibrary } from '../dist/engine/library.js';
import { checkModel } from '../dist/files/check/check.js';
import { openModelFile } from '../dist/files/model-file.js';
import { slidingWindowOf } from '../dist/files/sliding-window.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '4096' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const [path] = positionals;
if (!path) throw new Error('expected MODEL.gguf');
const [rounds, count, threads] = [Number(values.rounds), Number(values.tokens), Number(values.threads)];
const file = await openModelFile(path);
const window = slidingWindowOf((await checkModel(file)).header);
await file.close();
if (!window) throw new Error(`${path} has no sliding window`);

const { addon } = await openLibrary('cpu');
const job = {
  tokens: Int32Array.from({ length: count }, (_, i) => 5 + ((i * 31 + (i >> 3)) % 60)),
  lengths: Int32Array.of(count),
  rows: Int32Array.from({ length: 16 }, (_, i) => Math.floor(((i + 1) * count) / 16) - 1),
  cuts: new Int32Array(),
};

/** @param {Partial<import('../dist/engine/addon.js').NativeModelOptions>} native */
async function open(native) {
  const model = new addon.Model(/** @type {string} */ (path), { gpuLayers: 0, useGpu: false, mmap: false, ...native }, null);
  await model.load();
  return model;
}

/** Seconds of one prompt, nothing kept from an earlier one. @param {import('../dist/engine/addon.js').NativeModel} model */
async function measure(model) {
  const options = /** @type {const} */ ({ states: 'marked', flashAttention: true, kernels: 'avx512', kvCacheType: 'f16' });
  const context = new addon.Context(model, { ...options, threads, ubatch: 512, maxTokens: count });
  const begin = performance.now();
  await context.run(job, null);
  const seconds = (performance.now() - begin) / 1000;
  await context.close();
  return seconds;
}

/** @param {number[]} times */
const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

const models = [await open({}), await open({ windowTokens: window.tokens, windowLayers: window.layers })];
/** @type {number[][]} */
const times = [[], []];
for (let round = 0; round < rounds; round++) {
  for (const [i, model] of models.entries()) times[i]?.push(await measure(model));
}
for (const model of models) await model.close();
const [without = Number.NaN, corrected = Number.NaN] = times.map(median);
const layers = window.layers.reduce((sum, layer) => sum + layer, 0);
console.log(`${path} on ${cpus()[0]?.model}, ${threads} threads, ${count} tokens, median of ${rounds}`);
console.log(`window of ${window.tokens} tokens in ${layers} of ${window.layers.length} layers`);
console.log(`  without: ${without.toFixed(3)} s   with: ${corrected.toFixed(3)} s   ratio ${(corrected / without).toFixed(3)}`);
