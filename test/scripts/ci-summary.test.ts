import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../scripts/ci-summary.mjs');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'summary-'));
  const report = (name: string, passed: number, failed: number, skipped: number, success: boolean) =>
    writeFileSync(
      join(folder, name),
      JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, numTodoTests: 0, success }),
    );
  report('good.json', 7, 0, 0, true);
  report('skips.json', 5, 0, 2, true);
  report('bad.json', 3, 2, 0, false);
  report('crashed.json', 3, 0, 0, false);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each<[string, string[], string, number]>([
  ['two good reports', ['good.json:0', 'skips.json:0'], '12 passed, 0 failed, 2 skipped', 0],
  ['failed tests', ['good.json:0', 'bad.json:1'], '10 passed, 2 failed', 1],
  ['a run that failed without a failed test', ['crashed.json:1'], '3 passed, 1 failed', 1],
  ['a good report of a run that exited with an error', ['good.json:1'], '7 passed, 1 failed', 1],
  ['a report that is not there', ['good.json:0', 'gone.json:0'], '7 passed, 1 failed', 1],
  ['a failed step', ['good.json:0', '--failed', 'lint'], '7 passed, 1 failed', 1],
  ['nothing but a failed step', ['--failed', 'npm ci'], '0 passed, 1 failed', 1],
])('%s', (_, args, lastLine, status) => {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: folder, encoding: 'utf8' });
  expect(result.stdout.trimEnd().split('\n').pop()).toBe(lastLine);
  expect(result.status).toBe(status);
});
