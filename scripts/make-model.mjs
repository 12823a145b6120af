#!/usr/bin/env node
// @ts-check
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { makeModel } from './model/make.mjs';
import { FULL, isKind } from './model/shapes.mjs';

const USAGE = `Writes a GGUF model with random weights: the right shape and speed, no sense. The same options give the same bytes.

  node scripts/make-model.mjs OUTPUT.gguf [options]

  --kind KIND            ${Object.keys(FULL).join(', ')}; default qwen3 (listwise)
  --type TYPE            F32, F16 (default), BF16, or a quantization: Q8_0, Q4_0, Q4_K_M, Q6_K, ... (needs the built addon)
  --seed N               default 1
  --vocab FILE.gguf      copy the vocabulary of this file; default a small synthetic one

Shape, default that of the published model:
  --tiny                 a shape for tests
  --layers N --width N --heads N --kv-heads N --head-size N --ffn N --context N
  --vocabulary N         fewest tokens, unused ones fill up
  --sliding-window N     qwen3: attention of some layers sees N tokens
  --sliding-pattern P    which: letters L (local) and G (global), repeated, the last layer G; default LLLGG

Head of a qwen3 (projector), jina-bert-v2 or minilm-ce model (pooler and classifier):
  --projector FILE       default projector.safetensors beside OUTPUT
  --projector-type TYPE  F32 (default), F16, BF16
  --projector-names N    projector (default) or linear

Encoders:
  --fused                queries, keys and values in one tensor; jina-bert-v2: both halves of the feed-forward layer

Faults, for tests:
  --nan                  a NaN in the last norm
  --without-marker       no <|embed_token|> in the vocabulary
  --no-head              no classifier, no projector, no dense layers

  --threads N            for quantization; default all cores`;

const NUMBERS = [
  'seed',
  'layers',
  'width',
  'heads',
  'kv-heads',
  'head-size',
  'ffn',
  'context',
  'vocabulary',
  'sliding-window',
  'threads',
];
const TEXTS = ['kind', 'type', 'vocab', 'sliding-pattern', 'projector', 'projector-type', 'projector-names'];
const SWITCHES = ['tiny', 'fused', 'nan', 'without-marker', 'no-head', 'help'];
const CHOICES = { 'projector-type': ['F32', 'F16', 'BF16'], 'projector-names': ['projector', 'linear'] };
const SPEAK_FROM = 100e6;

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`make-model: ${message}`);
  process.exit(2);
}

/** @param {string} name */
function camelCase(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

function readOptions() {
  const known = [...NUMBERS, ...TEXTS].map((name) => [name, { type: /** @type {const} */ ('string') }]);
  const switches = SWITCHES.map((name) => [name, { type: /** @type {const} */ ('boolean') }]);
  const parsed = parseArgs({ allowPositionals: true, options: Object.fromEntries([...known, ...switches]) });
  const values = /** @type {Record<string, string | boolean | undefined>} */ (parsed.values);
  const { positionals } = parsed;
  const [output] = positionals;
  if (values.help || positionals.length !== 1 || !output) {
    console.error(USAGE);
    process.exit(values.help ? 0 : 2);
  }
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const value = values[name];
    if (value !== undefined && !allowed.includes(String(value))) fail(`--${name} is ${value}, expected ${allowed.join(', ')}`);
  }
  const { kind = 'qwen3' } = values;
  if (!isKind(String(kind))) fail(`--kind is ${kind}, expected ${Object.keys(FULL).join(', ')}`);
  const entries = Object.entries(values).map(([name, value]) => [
    camelCase(name),
    NUMBERS.includes(name) ? wholeNumber(name, value) : value,
  ]);
  return /** @type {import('./model/make.mjs').ModelOptions} */ ({ ...Object.fromEntries(entries), output });
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function wholeNumber(name, value) {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) fail(`--${name} is ${value}, expected a whole number`);
  return number;
}

/** Reports every tenth of a big file. */
function progressReporter() {
  let tenth = 0;
  return (/** @type {number} */ written, /** @type {number} */ total) => {
    const now = Math.floor((written / total) * 10);
    if (total >= SPEAK_FROM && now > tenth) console.error(`${Math.round(written / 1e6)} of ${Math.round(total / 1e6)} MB`);
    tenth = now;
  };
}

const options = readOptions();
mkdirSync(dirname(options.output), { recursive: true });
try {
  const { model, projector, bytes } = await makeModel({ ...options, onProgress: progressReporter() });
  console.error(`wrote ${model} (${bytes} bytes)${projector ? ` and ${projector}` : ''}`);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
