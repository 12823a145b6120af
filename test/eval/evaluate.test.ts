import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type EvaluateOptions, evaluate, measure, openDataset, prepareTask, runOf, type Task } from '../../src/eval/index.js';
import { lengthRanker, temporaryFolder, writeDataset, writeFiles } from '../helpers/eval-data.js';

async function taskOf(queries = 6, documents = 300, topK = 8): Promise<Task> {
  return prepareTask(await openDataset(writeDataset(queries, documents)), { topK });
}

test('reranks the documents of every query, and keeps the scores', async () => {
  const task = await taskOf();
  const { ranker, calls } = lengthRanker();
  const answers = await evaluate(task, ranker, { rerank: { blockSize: 3 } });
  expect(answers.map(({ query }) => query)).toEqual(task.queries.map(({ id }) => id));
  expect(calls.map(({ documents }) => documents.map(({ id }) => id))).toEqual(task.queries.map(({ documents }) => documents));
  expect(calls[0]?.options).toMatchObject({ blockSize: 3 });
  for (const { documents, scores } of answers) expect(documents.map((id) => task.texts.get(id)?.length)).toEqual(scores);
  expect(Object.keys(measure(task.dataset.qrels, runOf(answers), ['map']).mean)).toEqual(['map']);
});

test('orders: reversed, and shuffled by a seed', async () => {
  const task = await taskOf();
  const orderOf = async (options: EvaluateOptions) => {
    const { ranker, calls } = lengthRanker();
    await evaluate(task, ranker, options);
    return calls.map(({ documents }) => documents.map(({ id }) => id));
  };
  const given = task.queries.map(({ documents }) => [...documents]);
  expect(await orderOf({ order: 'reversed' })).toEqual(given.map((ids) => ids.reverse()));
  const shuffled = await orderOf({ order: 'shuffled', seed: 1 });
  expect(shuffled.map((ids) => [...ids].sort())).toEqual(given.map((ids) => [...ids].sort()));
  expect(shuffled).not.toEqual(given);
  expect(await orderOf({ order: 'shuffled', seed: 1 })).toEqual(shuffled);
  expect(await orderOf({ order: 'shuffled', seed: 2 })).not.toEqual(shuffled);
});

test('embedding models compute each document once, unless documents are to be cut', async () => {
  const task = await taskOf();
  const { ranker, calls, embedded } = lengthRanker('similarity');
  await evaluate(task, ranker);
  const wanted = new Set(task.queries.flatMap(({ documents }) => documents));
  expect(embedded.flat()).toHaveLength(wanted.size);
  expect(new Set(embedded.flat())).toEqual(wanted);
  for (const { documents, options } of calls)
    expect(options.documentEmbeddings?.map(([length]) => length)).toEqual(documents.map(({ text }) => text.length));
  const cut = lengthRanker('similarity');
  await evaluate(task, cut.ranker, { rerank: { maxDocumentTokens: 9 } });
  expect(cut.embedded).toEqual([]);
});

test('scores of two stages: the order counts', async () => {
  const task = await taskOf(1, 20, 3);
  const { ranker } = lengthRanker();
  const [answer] = await evaluate(task, {
    ...ranker,
    async rerank(...parameters) {
      const response = await ranker.rerank(...parameters);
      const scores = [0.2, 0.1, 0.9];
      return { ...response, results: response.results.map((result, i) => ({ ...result, relevanceScore: scores[i] as number })) };
    },
  });
  expect(answer?.scores).toEqual([3, 2, 1]);
});

test('a journal: an abort, a torn line, and on it goes', async () => {
  const task = await taskOf();
  const folder = writeFiles({ 'model.gguf': 'weights' });
  const [model, journal] = [join(folder, 'model.gguf'), join(folder, 'journal.jsonl')];
  const whole = await evaluate(task, lengthRanker('similarity', model).ranker);
  const stop = new AbortController();
  const first = lengthRanker('similarity', model);
  const onProgress = ({ done }: { done: number }) => done === 3 && stop.abort(new Error('stopped'));
  await expect(evaluate(task, first.ranker, { journal, signal: stop.signal, onProgress })).rejects.toThrow('stopped');
  expect(readFileSync(journal, 'utf8').split('\n')).toHaveLength(1 + 4 + 1);
  appendFileSync(journal, '{"query":"q4","documents":["d');
  const second = lengthRanker('similarity', model);
  const places: number[] = [];
  const resumed = await evaluate(task, second.ranker, { journal, onProgress: ({ done }) => places.push(done) });
  expect(places).toEqual([4, 5, 6]);
  expect(second.calls.map(({ query }) => query)).toEqual(task.queries.slice(4).map(({ text }) => text));
  const withoutTime = (answers: object[]) => answers.map((answer) => ({ ...answer, milliseconds: 0 }));
  expect(withoutTime(resumed)).toEqual(withoutTime(whole));
  expect(readFileSync(journal, 'utf8').trimEnd().split('\n')).toHaveLength(1 + 6);
});

test('a run that is resumed embeds documents together with the same others, on which the last digits hang', async () => {
  const task = await taskOf(12, 600, 60);
  const folder = writeFiles({ 'model.gguf': 'weights' });
  const [model, journal] = [join(folder, 'model.gguf'), join(folder, 'journal.jsonl')];
  const whole = lengthRanker('similarity', model);
  await evaluate(task, whole.ranker);
  const stop = new AbortController();
  const onProgress = ({ done }: { done: number }) => done === 4 && stop.abort();
  await expect(
    evaluate(task, lengthRanker('similarity', model).ranker, { journal, signal: stop.signal, onProgress }),
  ).rejects.toThrow();
  const { ranker, embedded } = lengthRanker('similarity', model);
  await evaluate(task, ranker, { journal });
  expect(whole.embedded.length).toBeGreaterThan(2);
  expect(embedded.length).toBeGreaterThan(0);
  for (const call of embedded) expect(whole.embedded).toContainEqual(call);
});

test('a journal of another run is refused, and says what differs', async () => {
  const task = await taskOf();
  const folder = writeFiles({ 'model.gguf': 'weights' });
  const [model, journal] = [join(folder, 'model.gguf'), join(folder, 'journal.jsonl')];
  const { ranker } = lengthRanker('listwise', model);
  await evaluate(task, ranker, { journal, settings: { threads: 1 } });
  const mismatch = (message: RegExp) => ({ code: 'JOURNAL_MISMATCH', message: expect.stringMatching(message) });
  await expect(evaluate(task, ranker, { journal })).rejects.toMatchObject(
    mismatch(/differ: settings \(settings: \{"threads":1\}/),
  );
  await expect(evaluate(task, ranker, { journal, settings: { threads: 1 }, order: 'reversed' })).rejects.toMatchObject(
    mismatch(/differ: order \(order: "given", now "reversed"\)/),
  );
  writeFileSync(model, 'other weights');
  await expect(evaluate(task, ranker, { journal, settings: { threads: 1 } })).rejects.toMatchObject(mismatch(/differ: model/));
  writeFileSync(model, 'weights');
  await expect(evaluate(await taskOf(6, 300, 7), ranker, { journal, settings: { threads: 1 } })).rejects.toMatchObject(
    mismatch(/differ: dataset, topK, content /),
  );
  const text = readFileSync(journal, 'utf8').split('\n');
  writeFileSync(journal, [text[0], 'no answer', ...text.slice(2)].join('\n'));
  await expect(evaluate(task, ranker, { journal, settings: { threads: 1 } })).rejects.toMatchObject({
    code: 'DATASET_CORRUPT',
    message: expect.stringMatching(/journal\.jsonl:2: /),
  });
});

test('a journal where there is no folder', async () => {
  const { ranker } = lengthRanker('listwise', join(writeFiles({ model: '' }), 'model'));
  const journal = join(temporaryFolder(), 'none', 'journal');
  await expect(evaluate(await taskOf(), ranker, { journal })).rejects.toMatchObject({ code: 'DATASET_UNREADABLE' });
});
