import { expect, test } from 'vitest';
import { type ProgressReport, progressReports } from '../../src/mcp/progress.js';

test('one scale that only grows, not more than ten a second', () => {
  let time = 0;
  const reports: ProgressReport[] = [];
  const update = progressReports(
    (report) => reports.push(report),
    () => time,
  );
  for (const [at, stage, done, total] of [
    [0, 'download', 0, 100],
    [0, 'download', 10, 100],
    [50, 'download', 20, 100],
    [100, 'download', 50, 100],
    [200, 'download', 40, 100],
    [300, 'load', 0.5, 1],
    [400, 'states', 0, 0],
    [500, 'states', 5, 10],
    [600, 'states', 10, 10],
    [700, 'states', 20, 10],
  ] as const) {
    time = at;
    update({ stage, done, total });
  }
  expect(reports).toEqual([
    { progress: 0.1, total: 3, message: 'fetching the model' },
    { progress: 0.5, total: 3, message: 'fetching the model' },
    { progress: 1.5, total: 3, message: 'loading the model' },
    { progress: 2, total: 3, message: 'ranking' },
    { progress: 2.5, total: 3, message: 'ranking' },
    { progress: 3, total: 3, message: 'ranking' },
  ]);
});
