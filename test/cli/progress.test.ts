import { expect, test } from 'vitest';
import { loadingFor, loadingLine, progressLine, progressLog } from '../../src/cli/progress.js';
import { sink } from './fake-shell.js';

function harness(columns = 80) {
  const out = sink(columns);
  let time = 0;
  const line = progressLine(
    out.stream,
    () => columns,
    () => time,
  );
  /** What the terminal's line shows. */
  const shown = (): string => out.text().split('\r').at(-1)?.trimEnd() ?? '';
  const at = (milliseconds: number): void => {
    time = milliseconds;
  };
  return { line, out, shown, at };
}

test('shows the loading, then tokens with their rate and the time left', () => {
  const { line, shown, at } = harness();
  at(200);
  line.update({ stage: 'load', done: 0.5, total: 1 });
  expect(shown()).toBe('loading ██████████            50%');
  at(1000);
  line.update({ stage: 'states', done: 0, total: 4000 });
  expect(shown()).toBe('ranking                        0%  0 of 4,000 tokens');
  at(2000);
  line.update({ stage: 'states', done: 1000, total: 4000 });
  expect(shown()).toBe('ranking █████                 25%  1,000 of 4,000 tokens  1,000/s  3 s left');
  at(5000);
  line.update({ stage: 'states', done: 4000, total: 4000 });
  expect(shown()).toBe('ranking ████████████████████ 100%  4,000 of 4,000 tokens  1,000/s');
});

test('is quiet at first, and draws ten times a second at most', () => {
  const { line, out, at } = harness();
  at(100);
  line.update({ stage: 'load', done: 0.1, total: 1 });
  expect(out.text()).toBe('');
  at(300);
  line.update({ stage: 'load', done: 0.2, total: 1 });
  const once = out.text();
  at(350);
  line.update({ stage: 'load', done: 0.3, total: 1 });
  expect(out.text()).toBe(once);
});

test('clear leaves nothing on the line, and nothing to clear writes nothing', () => {
  const { line, out, shown, at } = harness();
  line.clear();
  expect(out.text()).toBe('');
  at(200);
  line.update({ stage: 'load', done: 1, total: 1 });
  line.clear();
  expect(shown()).toBe('');
  expect(out.text()).toMatch(/\r {35}\r$/);
});

test('fits a narrow terminal, and uses no escape sequences', () => {
  const { line, out, at } = harness(30);
  at(200);
  line.update({ stage: 'states', done: 5, total: 1_000_000 });
  line.clear();
  for (const part of out.text().split('\r')) expect(part.length).toBeLessThan(30);
  expect(out.text()).not.toContain('\u001b');
});

test.each([
  { done: 0, total: 0 },
  { done: 5, total: 0 },
  { done: 9, total: 3 },
])('survives odd counts: %j', (counts) => {
  const { line, shown, at } = harness();
  at(200);
  line.update({ stage: 'states', ...counts });
  expect(shown()).toMatch(/^ranking .*%/);
});

test('a download that goes on: what was there before does not count for the rate', () => {
  const { line, shown, at } = harness(100);
  const total = 100 * 2 ** 20;
  at(1000);
  line.update({ stage: 'download', done: total / 2, total });
  expect(shown()).toBe('fetching ██████████            50%  50.0 MiB of 100 MiB');
  at(3000);
  line.update({ stage: 'download', done: total * 0.6, total });
  expect(shown()).toBe('fetching ████████████          60%  60.0 MiB of 100 MiB  5.00 MiB/s  8 s left');
});

test('a log: the fetching at once and every 10 seconds, the loading every 10, jobs every 30, without bars', () => {
  const out = sink();
  let time = 0;
  const log = progressLog(true, out.stream, () => time);
  const lines: [number, string][] = [];
  const update: typeof log.update = (progress) => {
    const before = out.text().length;
    log.update(progress);
    const line = out.text().slice(before);
    if (line !== '') lines.push([time, line]);
  };
  for (time = 1000; time < 22_000; time += 500)
    update({ stage: 'download', done: 2 ** 20 * (1 + time / 1000), total: 2 ** 20 * 23 });
  for (time = 22_000; time <= 35_000; time += 500) update({ stage: 'load', done: (time - 22_000) / 20_000, total: 1 });
  for (time = 40_000; time <= 101_000; time += 500) update({ stage: 'jobs', done: time / 1000, total: 200 });
  update({ stage: 'states', done: 1, total: 2 });
  expect(lines).toEqual([
    [1000, 'llama-rerank: fetching 8%  2.00 MiB of 23.0 MiB\n'],
    [11_000, 'llama-rerank: fetching 52%  12.0 MiB of 23.0 MiB  1.00 MiB/s  11 s left\n'],
    [21_000, 'llama-rerank: fetching 95%  22.0 MiB of 23.0 MiB  1.00 MiB/s  1 s left\n'],
    [32_000, 'llama-rerank: loading 50%\n'],
    [70_000, 'llama-rerank: ranking 35%  70 of 200 jobs  1/s  2 min 10 s left\n'],
    [100_000, 'llama-rerank: ranking 50%  100 of 200 jobs  1/s  1 min 40 s left\n'],
  ]);
});

test('where a command stays, the line goes when the model is loaded; without a terminal there are lines of a log', async () => {
  const terminal = sink(80);
  const shell = { stderr: terminal.stream, env: {} } as Parameters<typeof loadingFor>[1];
  const line = loadingFor(true, shell);
  await new Promise((resolve) => setTimeout(resolve, 160));
  line.update({ stage: 'load', done: 0.5, total: 1 });
  expect(terminal.text()).toContain('loading');
  line.update({ stage: 'load', done: 1, total: 1 });
  expect(terminal.text().split('\r').at(-1)).toBe('');

  const [pipe, quiet] = [sink(), sink()];
  const at = { stage: 'download', done: 1, total: 2 } as const;
  loadingFor(true, { ...shell, stderr: pipe.stream }).update(at);
  loadingFor(false, { ...shell, stderr: quiet.stream }).update(at);
  loadingLine(true, { ...shell, stderr: quiet.stream }).update(at);
  expect(pipe.text()).toMatch(/^llama-rerank: fetching 50%/);
  expect(quiet.text()).toBe('');
});
