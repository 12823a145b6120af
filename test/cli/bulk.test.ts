import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { summary } from '../../src/cli/bulk-summary.js';
import { RerankError } from '../../src/index.js';
import { runFake } from './fake-shell.js';

let folder: string;
let jobs: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulk-cli-'));
  jobs = join(folder, 'jobs.jsonl');
  writeFileSync(jobs, JOBS);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const JOBS =
  '{"id": "a", "query": "one", "documents": [{"_id": "d", "text": "1234"}, "12345678"]}\n{"id": "b", "query": "two", "documents": ["x"]}\n';
const RESULTS =
  '{"id":"a","results":[{"index":1,"relevance_score":0.08,"truncated":true},{"index":0,"id":"d","relevance_score":0.04,"truncated":false}]}\n' +
  '{"id":"b","results":[{"index":0,"relevance_score":0.01,"truncated":false}]}\n';

test('results go to stdout, the rate to stderr; options reach the model', async () => {
  const { code, stdout, stderr, calls, loads, disposed } = await runFake(['bulk', jobs, '-t', '3', '--overflow', 'error']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: RESULTS });
  const [notice, ...said] = stderr.split(/(?<=\n)/);
  expect(notice).toContain('starter model');
  expect(said.join('')).toMatch(/^llama-rerank: 2 lines; 2 jobs in \d+ s: [\d.,]+ jobs\/s, [\d.,]+ tokens\/s\n$/);
  expect(calls.slice(1).map(({ options }) => options)).toEqual([
    { overflow: 'error', signal: expect.any(AbortSignal) },
    { overflow: 'error', signal: expect.any(AbortSignal) },
  ]);
  expect([loads[0]?.options.threads, disposed]).toEqual([3, 1]);
});

test('stdin; --quiet', async () => {
  const { code, stdout, stderr } = await runFake(['bulk', '-', '--quiet'], { stdin: JOBS });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: RESULTS, stderr: '' });
});

test('a bad line of stdin is named', async () => {
  const { code, stderr, loads } = await runFake(['bulk', '-'], { stdin: `${JOBS}{}\n` });
  expect(code).toBe(2);
  expect(stderr).toContain("llama-rerank: stdin:3: expected a string or a number in 'id' (DATASET_CORRUPT)\n");
  expect(loads.length).toBe(1);
});

test('jobs without results: exit code 4, a list, and a journal for the next try', async () => {
  const out = join(folder, 'out.jsonl');
  const rerank = async (query: string) => {
    if (query === 'two') throw new RerankError('TEXT_TOO_LARGE', 'it is too large');
    return { results: [], usage: { totalTokens: 1 } } as never;
  };
  const { code, stderr } = await runFake(['bulk', jobs, '-o', out], { rerank });
  expect(code).toBe(4);
  expect(stderr).toContain('  line 2, id b: it is too large (TEXT_TOO_LARGE)\n');
  expect(stderr).toContain('llama-rerank: 1 of 2 lines have no results. The same command tries them again (INCOMPLETE)\n');
  expect(readFileSync(out, 'utf8')).toContain('{"id":"b","error":{"code":"TEXT_TOO_LARGE","message":"it is too large"}}\n');
  expect(existsSync(`${out}.journal`)).toBe(true);

  expect((await runFake(['bulk', jobs, '-o', out])).code).toBe(0);
  expect(existsSync(`${out}.journal`)).toBe(false);
});

test('--dry-run says what a run would take, and writes nothing', async () => {
  const out = join(folder, 'out.jsonl');
  const { code, stdout } = await runFake(['bulk', jobs, '-o', out, '--dry-run']);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^lines {6}2\njobs {7}2 .*\npairs {6}3\ntokens {5}about 2,000\ntime {7}about .* by 2 jobs that were computed\n$/,
  );
  expect([existsSync(out), existsSync(`${out}.journal`)]).toEqual([false, false]);
});

test('where nothing can be written, that is said before anything is computed', async () => {
  const out = join(folder, 'nowhere', 'out.jsonl');
  for (const argv of [[], ['--journal', join(folder, 'journal')]]) {
    const { code, stderr, calls } = await runFake(['bulk', jobs, '-o', out, ...argv]);
    expect([code, calls.length]).toEqual([1, 0]);
    expect(stderr).toMatch(/nowhere.*: expected a place that can be written: ENOENT.*\(OUTPUT_UNWRITABLE\)/);
  }
  expect(existsSync(join(folder, 'journal'))).toBe(false);
});

test.each<[string, string[], RegExp]>([
  ['a folder without a run', ['.'], /needs --run/],
  ['a run without a folder', ['package.json', '--run', 'x'], /is for a folder/],
  ['another format', ['package.json', '--format', 'csv'], /--format/],
])('%s is wrong usage', async (_, argv, message) => {
  const { code, stderr } = await runFake(['bulk', ...argv]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test('the queue is named by flags or the environment', async () => {
  const env = { LLAMA_RERANK_REDIS: 'redis://user:secret@127.0.0.1:1' };
  for (const argv of [['bulk', jobs], ['worker']]) {
    const { code, stderr } = await runFake(argv, { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/redis:\/\/…@127\.0\.0\.1:1: .*\(QUEUE_UNAVAILABLE\)/);
  }
  const flagged = await runFake(['worker', '--redis', 'redis://127.0.0.1:2'], { env });
  expect(flagged.stderr).toMatch(/127\.0\.0\.1:2/);
  const { code, stderr } = await runFake(['worker']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/--redis, or LLAMA_RERANK_REDIS/);
});

test('a summary of several workers, an earlier run and many failures', () => {
  const share = (jobs: number) => ({ jobs, tokens: jobs * 100, milliseconds: 5000 });
  const failed = Array.from({ length: 22 }, (_, i) => ({ id: i, line: i + 1, code: 'NON_FINITE', message: 'no' }));
  const workers = new Map([
    ['b', share(30)],
    ['a', share(10)],
  ]);
  const lines = summary({ lines: 1200, jobs: 1100, resumed: 1060, failed, workers, milliseconds: 10_000 });
  expect(lines.slice(0, 3)).toEqual([
    '1,200 lines (1,100 different), 1,060 of them in an earlier run; 40 jobs in 10 s: 4 jobs/s, 400 tokens/s',
    '  a: 10 jobs, 1 jobs/s, busy 50%',
    '  b: 30 jobs, 3 jobs/s, busy 50%',
  ]);
  expect(lines[3]).toBe('  line 1, id 0: no (NON_FINITE)');
  expect(lines.at(-1)).toBe('  and 2 more');
  expect(lines.length).toBe(24);
});
