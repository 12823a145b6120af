// @ts-check
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Reranker } from '../../dist/index.js';
import { installedPassages } from '../documents.mjs';

/** @typedef {import('./settings.mjs').Task} Task */

const MAKE_MODEL = fileURLToPath(new URL('../../scripts/make-model.mjs', import.meta.url));
const MAKE_ONNX = fileURLToPath(new URL('make-onnx.py', import.meta.url));

/**
 * Model files of the task by type; made once, the vocabulary's name is in theirs.
 *
 * @param {string} folder
 * @param {Task} task
 * @param {string | undefined} vocab
 */
export function makeModels(folder, { kind, types }, vocab) {
  mkdirSync(folder, { recursive: true });
  /** @type {Record<string, string>} */
  const models = {};
  for (const type of types) {
    const path = join(folder, `${kind}-${vocab ? 'copied' : 'synthetic'}-${type}.gguf`);
    if (!existsSync(path))
      run(process.execPath, [MAKE_MODEL, path, '--kind', kind, '--type', type, ...(vocab ? ['--vocab', vocab] : [])]);
    models[type] = path;
  }
  return models;
}

/**
 * @param {string} python
 * @param {string} model an F16 file of kind jina-bert-v2
 */
export function makeOnnx(python, model) {
  const folder = model.replace(/-F16\.gguf$/, '-onnx');
  if (!existsSync(join(folder, 'config.json'))) run(python, [MAKE_ONNX, model, folder]);
  return folder;
}

/**
 * Texts of the counted call and others of the warm-up, so that no peer has seen the counted ones.
 *
 * @param {string} file
 * @param {Task} task
 * @param {string} tokenizer model file that counts tokens
 */
export async function writeWork(file, { documents, tokens, warmup, query }, tokenizer) {
  const reranker = await Reranker.load(tokenizer, { gpu: 'cpu' });
  try {
    const count = async (/** @type {string} */ text) => (await reranker.countTokens([text]))[0] ?? 0;
    const passages = await installedPassages(documents + warmup, tokens, count);
    const work = { query, documents: passages.slice(0, documents) };
    writeFileSync(
      file,
      JSON.stringify({ work, warmup: { query: 'which licence is it?', documents: passages.slice(documents) } }),
    );
  } finally {
    await reranker.dispose();
  }
}

/** @param {string} program @param {string[]} args */
function run(program, args) {
  console.error(`${program} ${args.join(' ')}`);
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
