import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatRun, openDataset, prepareTask, type Qrels, ranked, readCorpus, readQrels, readRun } from '../../src/eval/index.js';
import { writeDataset, writeFiles } from '../helpers/eval-data.js';

const file = (text: string) => join(writeFiles({ file: text }), 'file');
const asObject = (map: Qrels) => Object.fromEntries(Array.from(map, ([id, inner]) => [id, Object.fromEntries(inner)]));

test('a folder in the layout of BEIR; of the corpus, what is wanted', async () => {
  const folder = writeFiles({
    'corpus.jsonl':
      '\uFEFF{"_id":"a","title":"Tea","text":"is\u2028hot","metadata":{}}\r\n\r\n{"_id":"b","text":"cold"}\n{"_id":3,"title":"","text":""}',
    'queries.jsonl': '{"_id":"1","text":"hot?"}\n{"_id":"2","text":"cold?"}\n',
    'qrels/test.tsv': 'query-id\tcorpus-id\tscore\r\n1\ta\t2\r\n',
    'qrels/dev.tsv': '2\tb\t-1\n',
  });
  const dataset = await openDataset(folder);
  expect([...dataset.queries]).toEqual([
    ['1', 'hot?'],
    ['2', 'cold?'],
  ]);
  expect(asObject(dataset.qrels)).toEqual({ 1: { a: 2 } });
  expect(asObject((await openDataset(folder, { split: 'dev' })).qrels)).toEqual({ 2: { b: -1 } });
  expect(Object.fromEntries(await readCorpus(dataset))).toEqual({ a: 'Tea is\u2028hot', b: 'cold', 3: '' });
  expect([...(await readCorpus(dataset, new Set(['b']))).keys()]).toEqual(['b']);
  await expect(readCorpus(dataset, new Set(['b', 'x']))).rejects.toThrow(/corpus\.jsonl: expected the document 'x'/);
  await expect(openDataset(folder, { split: 'train' })).rejects.toMatchObject({
    code: 'DATASET_UNREADABLE',
    message: expect.stringMatching(/no split 'train'; there are: dev, test$/),
  });
});

test.each([
  ['{"_id":"a","text":"x"}\n{"_id":"a","text":"y"}', /corpus\.jsonl:2: the document 'a' is there twice/],
  ['\n{"_id":"a","text":', /corpus\.jsonl:2: expected a JSON object/],
  ['[]', /corpus\.jsonl:1: expected an id/],
  ['null', /corpus\.jsonl:1: expected a JSON object/],
  ['{"_id":"a b","text":""}', /corpus\.jsonl:1: expected an id without white space/],
  ['{"_id":"a","text":5}', /corpus\.jsonl:1: expected a string in 'text' of 'a'/],
])('a corpus that is damaged: %j', async (corpus, message) => {
  const folder = writeFiles({ 'corpus.jsonl': corpus, 'queries.jsonl': '', 'qrels/test.tsv': '' });
  const dataset = await openDataset(folder);
  await expect(readCorpus(dataset)).rejects.toMatchObject({ code: 'DATASET_CORRUPT', message: expect.stringMatching(message) });
});

test('bytes that are no text, and a file that is not there', async () => {
  const folder = writeFiles({});
  await expect(readRun(join(folder, 'none'))).rejects.toMatchObject({ code: 'DATASET_UNREADABLE' });
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(folder, 'bytes'), Buffer.from([0x61, 0x0a, 0xff]));
  await expect(readQrels(join(folder, 'bytes'))).rejects.toMatchObject({ code: 'DATASET_CORRUPT' });
});

test("judgements in TREC's form", async () => {
  expect(asObject(await readQrels(file('1 0 a 2\n1\t0\tb\t-1\n2 0 a 0\n')))).toEqual({ 1: { a: 2, b: -1 }, 2: { a: 0 } });
});

test.each([
  ['1 0 a', /:1: expected 'query 0 document grade'/],
  ['1 0 a 1\n1 0 a 2', /:2: 'a' has two grades for query '1': 1 and 2/],
  ['1 0 a high', /:1: expected a whole number as grade, found 'high'/],
  ['query-id\tcorpus-id\tscore\n1\ta', /:2: expected 3 columns between tabs/],
])('judgements that are damaged: %j', async (text, message) => {
  await expect(readQrels(file(text))).rejects.toMatchObject({
    code: 'DATASET_CORRUPT',
    message: expect.stringMatching(message),
  });
});

test.each([
  ['1 Q0 a 1 0.5', /:1: expected 'query Q0 document rank score tag'/],
  ['1 Q0 a 1 NaN t', /:1: expected a number as score, found 'NaN'/],
  ['1 Q0 a 1 2 t\n1 Q0 a 2 1 t', /:2: 'a' is there twice for query '1'/],
])('runs that are damaged: %j', async (text, message) => {
  await expect(readRun(file(text))).rejects.toMatchObject({ code: 'DATASET_CORRUPT', message: expect.stringMatching(message) });
});

test('a run that is written reads as it was, to the last digit, in the order of trec_eval', async () => {
  const run = new Map([
    [
      'q',
      new Map([
        ['d9', 0.1],
        ['d10', 1 / 3],
        ['d2', 0.1],
        ['D9', 0.1],
        ['x', 0.1 + 1e-12],
        ['y', -1e-9],
      ]),
    ],
  ]);
  const text = formatRun(run, 'a model');
  expect(text.split('\n')[0]).toBe('q Q0 d10 1 0.3333333333333333 a_model');
  expect(asObject(await readRun(file(text)))).toEqual(asObject(run));
  expect(ranked(run.get('q') as Map<string, number>)).toEqual(['d10', 'x', 'd9', 'd2', 'D9', 'y']);
});

test('the first stage: BM25 or a run, cut, without queries that nothing was found for', async () => {
  const folder = writeDataset(6, 40);
  writeFiles({ run: 'q1 Q0 d5 1 3 t\nq1 Q0 d6 1 4 t\nq1 Q0 d7 1 2 t\nq3 Q0 q3 9 9 t\nother Q0 d1 1 1 t\n' }, folder);
  const dataset = await openDataset(folder);
  const found = await prepareTask(dataset, { topK: 5, limit: 3 });
  expect(found.firstStage).toBe('BM25');
  expect(found.queries.map(({ id, documents }) => [id, documents.length])).toEqual([
    ['q0', 5],
    ['q1', 5],
    ['q2', 5],
  ]);
  const given = await prepareTask(dataset, { run: join(folder, 'run'), topK: 2, skipSameId: true });
  expect(given.queries).toEqual([{ id: 'q1', text: dataset.queries.get('q1'), documents: ['d6', 'd5'] }]);
  expect([...given.texts.keys()]).toEqual(['d5', 'd6']);
  await expect(prepareTask(dataset, { run: join(folder, 'run') })).rejects.toThrow(/expected the document 'q3'/);
});

test('an abort ends the first stage with its reason', async () => {
  const dataset = await openDataset(writeDataset(3, 30));
  await expect(prepareTask(dataset, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
