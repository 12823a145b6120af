import { expect, test } from 'vitest';
import {
  type Contestant,
  htmlReport,
  openDataset,
  prepareTask,
  type Report,
  report,
  type System,
  type Task,
} from '../../src/eval/index.js';
import { writeDataset } from '../helpers/eval-data.js';

const LABEL = '<i>"model" & more';

async function reported(): Promise<{ task: Task; result: Report }> {
  const dataset = await openDataset(writeDataset(8, 40));
  const task = await prepareTask(dataset, { topK: 10 });
  const reversed: Contestant = {
    label: LABEL,
    answers: task.queries.map(({ id, documents }, i) => ({
      query: id,
      documents: [...documents].reverse(),
      scores: documents.map((_, place) => (10 - place) / 10),
      truncated: i === 0,
      milliseconds: 250,
    })),
  };
  const metrics = ['ndcg@5', 'mrr'];
  return { task, result: await report(task, [{ label: 'first', run: task.run }, reversed], { metrics, resamples: 500 }) };
}

test('means, differences, agreement, scores and time', async () => {
  const { task, result } = await reported();
  expect(result).toMatchObject({ firstStage: 'BM25', topK: 10, queries: 8, baseline: 'first', depth: 5 });
  const [first, other] = result.systems;
  expect(first).toMatchObject({ difference: null, kendallTau: null, overlap: null, time: null, truncatedQueries: null });
  expect(other).toMatchObject({ kendallTau: -1, overlap: 0, time: { secondsPerQuery: 0.25 }, truncatedQueries: 1 });
  const mean = (system: typeof first) => system?.mean['ndcg@5']?.value as number;
  expect(other?.difference?.value).toBeCloseTo(mean(other) - mean(first), 12);
  expect(other?.difference).toMatchObject({ wins: 0, losses: 8 });
  expect(Object.keys(other?.queries ?? {})).toEqual(task.queries.map(({ id }) => id));
  const { low, high, relevant, other: rest } = (other as System).scores;
  expect([low, high]).toEqual([0.1, 1]);
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  expect(sum(relevant) + sum(rest)).toBe(80);
  expect(sum(relevant)).toBe(task.queries.filter(({ id, documents }) => documents.includes(`d${id.slice(1)}`)).length);
});

test('the page needs nothing else, and names are text', async () => {
  const html = htmlReport((await reported()).result);
  expect(html).not.toMatch(/https?:|src=|@import|url\(/);
  expect(html).not.toContain(LABEL);
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
  expect(html).toContain('&#60;i&#62;&#34;model&#34; &#38; more');
});

test('a metric and a baseline are needed', async () => {
  const { task } = await reported();
  const contestants = [{ label: 'first', run: task.run }];
  await expect(report(task, contestants, { metrics: [] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(report(task, contestants, { metrics: ['map'], baseline: 'x' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});
