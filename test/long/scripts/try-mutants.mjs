// @ts-check
// Loads bad files and ranks with those that pass the check: try-mutants.mjs FOLDER SEED FROM TO. Says before each which it is.
// Those of models that are only checked (`checked-`) are run without a family, and fewer of them.
import { readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker } from '../../../dist/index.js';
import { charsmapMutants } from '../../helpers/charsmap-mutants.mjs';
import { takeApart } from '../../helpers/gguf-pieces.mjs';
import { mutantsOf, randomFrom, retyped } from '../../helpers/mutants.mjs';
import { runNatively } from '../../process/scripts/run-natively.mjs';

const [folder = '', seed = '', from = '', to = ''] = process.argv.slice(2);
/** Random changes for each part of each file. */
const FLIPS = 150;
const CHARSMAP_FLIPS = 200;
/** Of the changes that are the same for all kinds of models, one in so many is tried with the models that are only checked. */
const SHARE = 10;
/** Changes of what only some of these models have; and of vocabularies, for models with one of their own. */
const OWN =
  /rope|window|head_count|dense|activation|every_n|labels|(blk\.0|cls|dense_\d)\S* (deleted|renamed|transposed|of last)/;
const OWN_VOCABULARY = /(xlm-roberta|checked-jina|modern|gemma).*tokenizer/;

/** Taken in turn. @type {import('../../../dist/index.js').LoadOptions[]} */
const WAYS = [{}, { mmap: true }, { flashAttention: false, ubatchSize: 16 }, { kvCacheType: 'q8_0' }, {}];

const random = randomFrom(Number(seed));
const models = readdirSync(folder)
  .filter((name) => name.endsWith('.gguf'))
  .sort();
const mutants = models.flatMap((name) => {
  const content = readFileSync(join(folder, name));
  const pieces = () => takeApart(content);
  const made = name.includes('odd-')
    ? WAYS.map((_, i) => ({ name: `${name} ${i}`, make: () => content }))
    : name.includes('wide-')
      ? retyped(name, pieces(), random)
      : name.startsWith('checked-')
        ? [
            ...mutantsOf(name, pieces(), random, FLIPS / 3).filter(
              (mutant, i) => i % SHARE === 0 || OWN.test(mutant.name) || OWN_VOCABULARY.test(mutant.name),
            ),
            ...charsmapMutants(name, pieces(), random, CHARSMAP_FLIPS),
          ]
        : mutantsOf(name, pieces(), random, FLIPS);
  // An embedding model takes no head.
  const head = /^(odd-|wide-)?qwen3/.test(name) ? join(folder, name.replace('.gguf', '.safetensors')) : undefined;
  return made.map((mutant) => ({ ...mutant, kind: name, head }));
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
  for (const [i, { name, make, kind, head }] of mutants.slice(Number(from), Number(to)).entries()) {
    say({ index: Number(from) + i, name });
    writeFileSync(path, make());
    const index = Number(from) + i;
    const way = { causal: kind.includes('qwen'), mmap: index % 2 === 0, flashAttention: index % 3 > 0 };
    say(kind.startsWith('checked-') ? await runNatively(path, way) : await outcomeOf(path, head, index));
  }
}
