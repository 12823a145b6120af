import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeDataset } from '../helpers/eval-data.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const QUERIES = 1000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'eval-'));
  writeDataset(QUERIES, 400, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(out: string, ...more: string[]) {
  const argv = ['eval', folder, '--top-k', '10', '-t', '1', '--out', join(folder, out), ...more];
  return spawn(process.execPath, [CLI, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
}

const journalOf = (out: string) => join(folder, out, 'starter.journal.jsonl');

function linesOf(out: string): number {
  try {
    return readFileSync(journalOf(out), 'utf8').split('\n').length - 2;
  } catch {
    return 0;
  }
}

/** Kills the run without warning once so many queries are done. */
async function killedAt(out: string, queries: number): Promise<void> {
  const child = start(out);
  const ended = once(child, 'exit');
  const timer = setInterval(() => linesOf(out) >= queries && child.kill('SIGKILL'), 5);
  const [code, signal] = await ended;
  clearInterval(timer);
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
}

async function whole(out: string, ...more: string[]): Promise<{ code: number; stderr: string }> {
  const child = start(out, ...more);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdout.resume();
  const [code] = await once(child, 'close');
  return { code, stderr };
}

/** Everything but times. */
function resultOf(out: string): { run: string; report: unknown } {
  const report = JSON.parse(readFileSync(join(folder, out, 'report.json'), 'utf8'), (key, value) => (key === 'time' ? 0 : value));
  return { run: readFileSync(join(folder, out, 'starter.trec'), 'utf8'), report };
}

test('a run of 1,000 queries that is killed at random points and resumed gives the same result', async () => {
  expect((await whole('at-once')).code).toBe(0);
  const points = Array.from({ length: 5 }, () => Math.floor(Math.random() * (QUERIES - 50))).sort((a, b) => a - b);
  console.log(`killed after ${points.join(', ')} queries`);
  for (const point of points) await killedAt('killed', point);
  const before = readFileSync(journalOf('killed'), 'utf8').split('\n').slice(0, -1);
  expect((await whole('killed')).code).toBe(0);
  expect(readFileSync(journalOf('killed'), 'utf8').split('\n').slice(0, before.length)).toEqual(before);
  expect(before.length).toBeGreaterThan(points.at(-1) as number);
  expect(resultOf('killed').run.split('\n')).toHaveLength(QUERIES * 10 + 1);
  expect(resultOf('killed')).toEqual(resultOf('at-once'));

  const other = await whole('killed', '--order', 'reversed');
  expect(other).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/another run, of which differ: order .*JOURNAL_MISMATCH/),
  });
}, 400_000);
