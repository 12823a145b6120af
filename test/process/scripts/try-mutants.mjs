// @ts-check
// Loads bad files and ranks with those that pass the check: try-mutants.mjs FOLDER SEED FROM TO. Says before each which it is.
import { readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker } from '../../../dist/index.js';
import { takeApart } from '../../helpers/gguf-pieces.mjs';
import { mutantsOf, randomFrom, retyped } from '../../helpers/mutants.mjs';

const [folder = '', seed = '', from = '', to = ''] = process.argv.slice(2);
/** Random changes for each part of each file. */
const FLIPS = 150;

/** Taken in turn. @type {import('../../../dist/index.js').LoadOptions[]} */
const WAYS = [{}, { mmap: true }, { flashAttention: false, ubatchSize: 16 }, { kvCacheType: 'q8_0' }, {}];

const random = randomFrom(Number(seed));
const models = readdirSync(folder)
  .filter((name) => name.endsWith('.gguf'))
  .sort();
const mutants = models.flatMap((name) => {
  const content = readFileSync(join(folder, name));
  const made = name.startsWith('odd-')
    ? WAYS.map((_, i) => ({ name: `${name} ${i}`, make: () => content }))
    : name.startsWith('wide-')
      ? retyped(name, takeApart(content), random)
      : mutantsOf(name, takeApart(content), random, FLIPS);
  // An embedding model takes no head.
  const head = name.includes('qwen3') ? join(folder, name.replace('.gguf', '.safetensors')) : undefined;
  return made.map((mutant) => ({ ...mutant, head }));
});

/** @param {unknown} line */
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

/** @param {string} path @param {string | undefined} head @param {number} index */
async function outcomeOf(path, head, index) {
  let stage = 'refused';
  try {
    const reranker = await Reranker.load(path, { gpu: 'cpu', threads: 1, head, memoryBudget: 1e8, ...WAYS[index % WAYS.length] });
    stage = 'failed';
    try {
      const { results } = await reranker.rerank('how do bees make honey?', ['Bees collect nectar. 🙂', '', 'no'], {
        maxDocumentTokens: 9,
      });
      const sound = results.length === 3 && results.every(({ relevanceScore }) => Math.abs(relevanceScore) <= 1.001);
      return { stage: 'ranked', code: sound ? '' : 'UNSOUND' };
    } finally {
      await reranker.dispose();
    }
  } catch (error) {
    const { name, code, message } = /** @type {import('../../../dist/index.js').RerankError} */ (error);
    return { stage, code: name === 'RerankError' ? code : String(error), message };
  }
}

if (from === 'count') say(mutants.length);
else {
  const path = join(folder, `mutant-${from}`);
  for (const [i, { name, make, head }] of mutants.slice(Number(from), Number(to)).entries()) {
    say({ index: Number(from) + i, name });
    writeFileSync(path, make());
    say(await outcomeOf(path, head, Number(from) + i));
  }
}
