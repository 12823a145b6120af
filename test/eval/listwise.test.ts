import { expect, test } from 'vitest';
import { evaluate, openDataset, prepareTask, report } from '../../src/eval/index.js';
import { writeDataset } from '../helpers/eval-data.js';
import { tinyListwise } from '../helpers/models.js';
import { loaded } from '../helpers/reranker.js';

const reranker = loaded(tinyListwise());

test('a listwise model ranks otherwise in another order and in smaller blocks; the same again is the same', async () => {
  const task = await prepareTask(await openDataset(writeDataset(4, 40)), { topK: 8 });
  const given = await evaluate(task, reranker());
  const contestants = [
    { label: 'given', answers: given },
    { label: 'again', answers: await evaluate(task, reranker()) },
    { label: 'reversed', answers: await evaluate(task, reranker(), { order: 'reversed' }) },
    { label: 'blocks', answers: await evaluate(task, reranker(), { rerank: { blockSize: 3 } }) },
  ];
  const { systems } = await report(task, contestants, { metrics: ['ndcg@8'], resamples: 100 });
  const [, again, reversed, blocks] = systems.map(({ kendallTau }) => kendallTau as number);
  expect(again).toBe(1);
  expect(reversed).toBeLessThan(1);
  expect(blocks).toBeLessThan(1);
});
