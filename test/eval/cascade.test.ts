import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evaluate, formatRun, openDataset, prepareTask, readRun, runOf, type Task } from '../../src/eval/index.js';
import { Reranker } from '../../src/index.js';
import { temporaryFolder, writeDataset } from '../helpers/eval-data.js';
import { PAIRWISE_FIXTURES, unpack } from '../helpers/models.js';
import { loaded, rejection } from '../helpers/reranker.js';

const TINY = unpack(join(PAIRWISE_FIXTURES, 'bge-m3/bge-m3-F16.gguf.gz'), 'bge-m3');
const [fast, strong] = [loaded('starter'), loaded(TINY)];
const KEEP = 4;

const taskOf = async (): Promise<Task> => prepareTask(await openDataset(writeDataset(4, 40)), { topK: 10 });

test('the run has the order of the cascade, also as a file, and no score of either stage', async () => {
  const task = await taskOf();
  const cascade = Reranker.cascade([fast(), strong()], { keep: KEEP });
  const answers = await evaluate(task, cascade);
  for (const [i, { id, text, documents }] of task.queries.entries()) {
    const { results } = await cascade.rerank(
      text,
      documents.map((each) => task.texts.get(each) as string),
    );
    expect(results.map(({ stage }) => stage)).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(answers[i]).toMatchObject({ query: id, documents: results.map(({ index }) => documents[index]) });
    expect(answers[i]?.scores).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  }
  const file = join(temporaryFolder(), 'cascade.trec');
  writeFileSync(file, formatRun(runOf(answers), 'starter+tiny'));
  expect(await readRun(file)).toEqual(runOf(answers));
});

test('places, even where the scores of the stages happen to go down', async () => {
  const task = await taskOf();
  const [answer] = await evaluate(task, {
    model: fast().model,
    embedDocuments: (documents) => fast().embedDocuments(documents),
    async rerank(...call) {
      const { results, usage } = await fast().rerank(...call);
      return { results: results.map((result, i) => ({ ...result, stage: i < KEEP ? 1 : 0 })), usage };
    },
  });
  expect(answer?.scores).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test('the first stage embeds each document once, as it does alone', async () => {
  const task = await taskOf();
  const cascade = Reranker.cascade([fast(), strong()], { keep: KEEP });
  const asked: string[] = [];
  let given = 0;
  await evaluate(task, {
    model: cascade.model,
    async embedDocuments(documents, options) {
      asked.push(...documents.map(({ id }) => String(id)));
      return cascade.embedDocuments(documents, options);
    },
    async rerank(query, documents, options) {
      given += options?.documentEmbeddings?.length ?? 0;
      return cascade.rerank(query, documents, options);
    },
  });
  const wanted = new Set(task.queries.flatMap(({ documents }) => documents));
  expect(asked.sort()).toEqual([...wanted].sort());
  expect(given).toBe(4 * 10);
});

test('a strong model in front embeds nothing', async () => {
  const task = await taskOf();
  const answers = await evaluate(task, Reranker.cascade([strong(), fast()], { keep: KEEP }));
  expect(answers).toHaveLength(4);
});

test('a journal knows the stages and how many documents are kept, and is not resumed with others', async () => {
  const task = await taskOf();
  const journal = join(temporaryFolder(), 'journal.jsonl');
  const stages = [fast(), strong()];
  const whole = await evaluate(task, Reranker.cascade(stages, { keep: KEEP }), { journal });
  const { model } = JSON.parse(readFileSync(journal, 'utf8').split('\n')[0] as string);
  expect(model).toEqual({
    name: `${fast().model.name} + ${strong().model.name}`,
    stages: stages.map(({ model: { name, device, llamaCpp } }) => ({
      ...{ name, device, llamaCpp },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })),
    keep: [KEEP],
  });
  expect(model.stages[0].sha256).not.toBe(model.stages[1].sha256);
  expect(await evaluate(task, Reranker.cascade(stages, { keep: KEEP }), { journal })).toEqual(whole);
  for (const other of [
    Reranker.cascade(stages, { keep: KEEP + 1 }),
    Reranker.cascade([strong(), strong()], { keep: KEEP }),
    Reranker.cascade([...stages, strong()], { keep: [KEEP, 2] }),
    strong(),
  ])
    expect(await rejection(evaluate(task, other, { journal }))).toMatchObject({ code: 'JOURNAL_MISMATCH' });
});
