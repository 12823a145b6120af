#!/usr/bin/env node
// @ts-check
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createBpe } from './fixtures/bpe.mjs';
import { cutVocabulary, vocabularyOf, writeCutModel } from './fixtures/cut-vocabulary.mjs';
import { formatJson } from './fixtures/json.mjs';
import { compareTokens, renumberCase } from './fixtures/listwise-case.mjs';
import { TOKEN } from './model/gguf-format.mjs';
import { readGguf } from './model/read-gguf.mjs';

const USAGE = `Makes the test fixtures out of reference cases.

  node scripts/make-fixtures.mjs LISTWISE [--similarity FOLDER] [--output test/fixtures]

LISTWISE    holds models/NAME/{model.json,*.gguf(.gz),projector*.safetensors} and cases/*.json
similarity  holds cases/*.json and tokens.json`;

/**
 * @typedef {import('./fixtures/listwise-case.mjs').Case} Case
 * @typedef {import('./fixtures/listwise-case.mjs').Limits} Limits
 * @typedef {import('./model/read-gguf.mjs').Gguf} Gguf
 * @typedef {{ name: string, defaults: Limits, files: Map<string, Gguf> }} Model
 */

/**
 * @param {string} folder
 * @returns {Model}
 */
function readModel(folder) {
  const { name, defaults, files } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  return {
    name,
    defaults,
    files: new Map(files.map((/** @type {string} */ type) => [type, openModel(join(folder, `${name}-${type}.gguf`))])),
  };
}

/** @param {string} path */
function openModel(path) {
  return readGguf(existsSync(path) ? path : gunzipSync(readFileSync(`${path}.gz`)));
}

/** @param {Gguf} gguf */
function vocabularyTexts(gguf) {
  const { tokens, types, merges } = vocabularyOf(gguf);
  return JSON.stringify([tokens, types, merges]);
}

/**
 * @param {Case[]} cases
 * @param {Map<string, Model>} models
 * @param {{ tokens: string[], types: number[], merges: string[] }} vocabulary
 */
function checkCases(cases, models, { tokens, types, merges }) {
  const bpe = createBpe(tokens, merges);
  const special = [TOKEN.control, TOKEN.userDefined];
  const specials = new Map(tokens.flatMap((token, id) => (special.includes(types[id] ?? 0) ? [[token, id]] : [])));
  const problems = cases.flatMap((each) => {
    const model = models.get(each.model);
    if (!model) throw new Error(`case ${each.name} names the unknown model ${each.model}`);
    return compareTokens(each, model.defaults, bpe, specials).map((problem) => `${each.name}: ${problem}`);
  });
  if (problems.length) throw new Error(`tokens differ from the reference:\n${problems.join('\n')}`);
  return bpe;
}

/**
 * @param {string} source
 * @param {string} output
 */
function makeListwise(source, output) {
  const names = readdirSync(join(source, 'models'));
  const models = new Map(names.map((name) => [name, readModel(join(source, 'models', name))]));
  const caseFiles = readdirSync(join(source, 'cases')).filter((file) => file.endsWith('.json'));
  /** @type {Case[]} */
  const cases = caseFiles.map((file) => JSON.parse(readFileSync(join(source, 'cases', file), 'utf8')));

  const files = [...models.values()].flatMap((model) => [...model.files.values()]);
  const [first] = files;
  if (!first) throw new Error(`no models in ${source}`);
  if (files.some((file) => vocabularyTexts(file) !== vocabularyTexts(first)))
    throw new Error('the models have different vocabularies');
  const used = checkCases(cases, models, vocabularyOf(first));
  const cut = cutVocabulary(first, used);
  const cutCases = cases.map((each) => renumberCase(each, cut.renumber));
  checkCases(cutCases, models, cut);

  for (const [name, model] of models) writeModel(model, join(source, 'models', name), join(output, 'models', name), cut);
  rmSync(join(output, 'cases'), { recursive: true, force: true });
  mkdirSync(join(output, 'cases'), { recursive: true });
  for (const [i, file] of caseFiles.entries()) writeFileSync(join(output, 'cases', file), formatJson(cutCases[i]));
  console.error(`${cases.length} cases reproduced; ${cut.tokens.length} tokens and ${cut.merges.length} merges kept`);
}

/**
 * @param {Model} model
 * @param {string} source
 * @param {string} output
 * @param {import('./fixtures/cut-vocabulary.mjs').Cut} cut
 */
function writeModel(model, source, output, cut) {
  const work = mkdtempSync(join(tmpdir(), 'llama-rerank-'));
  try {
    mkdirSync(output, { recursive: true });
    for (const [type, gguf] of model.files) {
      const file = `${model.name}-${type}.gguf`;
      writeCutModel(join(work, file), gguf, cut);
      writeFileSync(join(output, `${file}.gz`), gzipSync(readFileSync(join(work, file)), { level: 9 }));
    }
  } finally {
    rmSync(work, { recursive: true });
  }
  for (const file of readdirSync(source))
    if (!/\.gguf(\.gz)?$/.test(file)) writeFileSync(join(output, file), readFileSync(join(source, file)));
}

/**
 * @param {string} source
 * @param {string} output
 */
function makeSimilarity(source, output) {
  rmSync(join(output, 'cases'), { recursive: true, force: true });
  mkdirSync(join(output, 'cases'), { recursive: true });
  const cases = readdirSync(join(source, 'cases')).map((file) => join('cases', file));
  for (const file of ['tokens.json', ...cases]) writeFileSync(join(output, file), readFileSync(join(source, file)));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { similarity: { type: 'string' }, output: { type: 'string', default: 'test/fixtures' }, help: { type: 'boolean' } },
});
const [listwise] = positionals;
if (values.help || !listwise) {
  console.error(USAGE);
  process.exit(values.help ? 0 : 2);
}
makeListwise(listwise, join(values.output, 'listwise'));
if (values.similarity) makeSimilarity(values.similarity, join(values.output, 'similarity'));
