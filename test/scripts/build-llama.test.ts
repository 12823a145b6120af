import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const script = resolve(import.meta.dirname, '../../scripts/build-llama.mjs');
const empty = mkdtempSync(join(tmpdir(), 'llama-rerank-empty-'));
afterAll(() => rmSync(empty, { recursive: true }));

/** Nothing is compiled: it stops before that. */
const run = (path: string, ...args: string[]) =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: { ...process.env, PATH: path } });

test.each([
  ['an unknown option', ['--fast'], /--fast/],
  ['a setting without a value', ['-DGGML_NATIVE'], /-DGGML_NATIVE is not of the form -DNAME=VALUE/],
  ['no jobs', ['--jobs', '0'], /--jobs is 0; expected a number of at least 1/],
])('%s: exit 2 with the usage', (_, args, message) => {
  const { status, stdout, stderr } = run(empty, ...args);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(message);
  expect(stderr).toContain('usage: node scripts/build-llama.mjs');
});

test('a tool that is missing is named, with where it comes from', () => {
  const { status, stderr } = run(empty, '-DGGML_NATIVE=OFF');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^git is not there or does not run\. The source comes as a git bundle\./);
});
