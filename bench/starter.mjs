/**
 * The table of the starter model in docs/models.md: BM25, cosine and blend on labelled sets, on the queries that were held out.
 *
 *   node bench/starter.mjs FOLDER_OF_SETS [--model FILE] [--top-k 100] [--half 1] [--threads 2] [SET...]
 *
 * FOLDER_OF_SETS has a folder a set in BEIR's layout, with `bm25.run`. Half 1 is every second query of those with judgements, sorted by id,
 * beginning with the second; half 0 is the other one, on which the weight was chosen.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { difference, evaluate, measure, openDataset, prepareTask, runOf } from '../dist/eval/index.js';
import { random } from '../dist/eval/random.js';
import { Reranker } from '../dist/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'starter' },
    'top-k': { type: 'string', default: '100' },
    half: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
  },
});
const [folder, ...named] = positionals;
const sets = named.length > 0 ? named : readdirSync(folder).filter((name) => existsSync(join(folder, name, 'bm25.run')));
const METRIC = 'ndcg@10';
const load = { threads: Number(values.threads) };
const cosine = await Reranker.load(values.model, { ...load, lexical: 0 });
const blend = await Reranker.load(values.model, { ...load, lexical: 0.25 });

const texts = new Map();

/** Both embed the same documents in the same company: once is enough. */
const sharing = (ranker) => ({
  model: ranker.model,
  rerank: (...call) => ranker.rerank(...call),
  async embedDocuments(documents, options) {
    if (documents.every(({ text }) => texts.has(text))) return documents.map(({ text }) => texts.get(text));
    const vectors = await cosine.embedDocuments(documents, options);
    for (const [i, { text }] of documents.entries()) texts.set(text, vectors[i]);
    return vectors;
  },
});

console.log('| set | queries | BM25 | cosine | blend | blend less BM25 | blend less cosine |\n|---|---|---|---|---|---|---|');
const english = [];
const others = [];
for (const set of sets) {
  const dataset = await openDataset(join(folder, set));
  const judged = [...dataset.queries.keys()].filter((id) => dataset.qrels.has(id)).sort();
  const half = judged.filter((_, place) => place % 2 === Number(values.half));
  const queries = new Map(half.map((id) => [id, dataset.queries.get(id)]));
  const task = await prepareTask({ ...dataset, queries }, { run: join(folder, set, 'bm25.run'), topK: Number(values['top-k']) });
  texts.clear();
  const runs = [task.run, runOf(await evaluate(task, sharing(cosine))), runOf(await evaluate(task, sharing(blend)))];
  const measured = runs.map((run) => measure(dataset.qrels, run, [METRIC]));
  const [bm25, plain, blended] = measured;
  const intervals = [await difference(blended, bm25, METRIC), await difference(blended, plain, METRIC)];
  print(
    set,
    bm25.queries.size,
    measured.map(({ mean }) => mean[METRIC]),
    intervals,
  );
  (/^xquad-(?!en)/.test(set) ? others : english).push(measured);
}
for (const [name, group] of [
  ['English sets', english],
  ['the others', others],
]) {
  if (group.length > 0) print(`**mean of ${name}**`, '', means(group), [intervalOf(group, 0), intervalOf(group, 1)]);
}
await Promise.all([cosine.dispose(), blend.dispose()]);

function print(name, count, numbers, intervals) {
  const signed = (value) => `${value < 0 ? '-' : '+'}${three(Math.abs(value))}`;
  const cells = [
    ...numbers.map(three),
    ...intervals.map(({ value, low, high }) => `${signed(value)} (${signed(low)} to ${signed(high)})`),
  ];
  console.log(`| ${name} | ${count} | ${cells.join(' | ')} |`);
}

function three(value) {
  return value.toFixed(3).replace(/^0/, '');
}

function means(group) {
  return [0, 1, 2].map((i) => average(group.map((measured) => measured[i].mean[METRIC])));
}

function average(numbers) {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** Blend less one of the others, in the mean of sets: the queries of each set are drawn for themselves. */
function intervalOf(group, which) {
  const lists = group.map(([bm25, plain, blended]) =>
    [...blended.queries].map(([id, value]) => value[METRIC] - (which === 0 ? bm25 : plain).queries.get(id)[METRIC]),
  );
  const next = random(0);
  const draw = (list) => list[Math.floor(next() * list.length)];
  const drawn = Array.from({ length: 2000 }, () => average(lists.map((list) => average(list.map(() => draw(list))))));
  drawn.sort((a, b) => a - b);
  return { value: average(lists.map(average)), low: drawn[50], high: drawn[1949] };
}
