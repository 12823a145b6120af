import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BulkOptions, type BulkRanker, bulk, checkInput, estimate, jsonLines, localEngine } from '../../src/bulk/index.js';
import { RerankError, type RerankResponse } from '../../src/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulk-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const USAGE = { totalTokens: 10, queryTruncated: false } as RerankResponse['usage'];

/** Scores are lengths; `before` comes first, and may throw. */
function ranker(before: (query: string) => void = () => {}): BulkRanker & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    async rerank(query, documents, { signal } = {}) {
      signal?.throwIfAborted();
      if (documents.length === 0) return { results: [], usage: USAGE };
      calls.push(query);
      before(query);
      const results = documents.map((document, index) => ({
        index,
        relevanceScore: document.text.length / 8,
        document,
        truncated: document.text === 'cut',
      }));
      return { results: results.sort((a, b) => b.relevanceScore - a.relevanceScore), usage: USAGE };
    },
  };
}

const line = (id: string | number, query: string, ...documents: unknown[]): string =>
  `${JSON.stringify({ id, query, documents })}\n`;

function run(text: string, each: BulkRanker, options: Partial<BulkOptions> = {}) {
  const path = join(folder, 'jobs.jsonl');
  writeFileSync(path, text);
  return bulk(jsonLines(path), {
    identity: { digest: 'digest', label: 'model' },
    engine: localEngine(each, options.rerank),
    journal: join(folder, 'journal'),
    output: join(folder, 'out'),
    ...options,
  });
}

const output = (): string => readFileSync(join(folder, 'out'), 'utf8');

test('writes results in the order of the input; equal lines are computed once', async () => {
  const each = ranker();
  const text =
    line('b', 'two', 'xx', { _id: 'd', text: 'cut' }) + line(1, 'one', 'x') + line('c', 'one', 'x') + line('e', 'none');
  const report = await run(text, each);
  expect(each.calls).toEqual(['two', 'one']);
  expect(output()).toBe(
    '{"id":"b","results":[{"index":1,"id":"d","relevance_score":0.375,"truncated":true},' +
      '{"index":0,"relevance_score":0.25,"truncated":false}]}\n' +
      '{"id":1,"results":[{"index":0,"relevance_score":0.125,"truncated":false}]}\n' +
      '{"id":"c","results":[{"index":0,"relevance_score":0.125,"truncated":false}]}\n' +
      '{"id":"e","results":[]}\n',
  );
  expect(report).toMatchObject({ lines: 4, jobs: 3, resumed: 0, failed: [] });
  expect([...report.workers.values()]).toMatchObject([{ jobs: 3, tokens: 30 }]);
  expect(existsSync(join(folder, 'journal'))).toBe(false);
});

test('writes a TREC run, with places for documents without an id', async () => {
  await run(line('q1', 'q', 'x', { id: 'd2', text: 'xx' }) + line('q2', 'r', 'x'), ranker(), { format: 'trec' });
  expect(output()).toBe('q1 Q0 d2 1 0.25 model\nq1 Q0 0 2 0.125 model\nq2 Q0 0 1 0.125 model\n');
});

test('goes on where it was, and ends with the same file', async () => {
  const text = Array.from({ length: 5 }, (_, i) => line(i, `q${i}`, 'x'.repeat(i))).join('');
  await run(text, ranker());
  const whole = output();
  rmSync(join(folder, 'out'));

  const stop = new AbortController();
  const first = ranker((query) => query === 'q2' && stop.abort(new Error('enough')));
  await expect(run(text, first, { signal: stop.signal })).rejects.toThrow('enough');
  expect(existsSync(join(folder, 'out'))).toBe(false);
  const progress: number[] = [];
  const second = ranker();
  const report = await run(text, second, { onProgress: ({ done }) => progress.push(done) });
  expect(output()).toBe(whole);
  expect([first.calls, second.calls]).toEqual([
    ['q0', 'q1', 'q2'],
    ['q3', 'q4'],
  ]);
  expect(report.resumed).toBe(3);
  expect(progress).toEqual([3, 4, 5]);
});

test('a journal of other options is not resumed', async () => {
  const text = line('a', 'fails', 'x');
  const failing = ranker(() => {
    throw new RerankError('CONTEXT_OVERFLOW', 'too long');
  });
  await run(text, failing);
  await expect(run(text, ranker(), { rerank: { topN: 1 } })).rejects.toMatchObject({ code: 'JOURNAL_MISMATCH' });
});

test('what the texts are to blame for is not tried again; a second run tries it', async () => {
  const text = line('a', 'bad', 'x') + line('b', 'good', 'x') + line('c', 'bad', 'x');
  const failing = ranker((query) => {
    if (query === 'bad') throw new RerankError('TEXT_TOO_LARGE', 'too large');
  });
  const { failed } = await run(text, failing);
  expect(failing.calls).toEqual(['bad', 'good']);
  const error = { code: 'TEXT_TOO_LARGE', message: 'too large' };
  expect(failed).toEqual([
    { id: 'a', line: 1, ...error },
    { id: 'c', line: 3, ...error },
  ]);
  const lines = output().trim().split('\n');
  expect(lines[0]).toBe('{"id":"a","error":{"code":"TEXT_TOO_LARGE","message":"too large"}}');
  expect(lines[1]).toMatch(/^\{"id":"b","results":/);

  const repaired = ranker();
  expect(await run(text, repaired)).toMatchObject({ failed: [], resumed: 1 });
  expect(repaired.calls).toEqual(['bad']);
  expect(output()).not.toMatch(/error/);
});

test.each([
  [2, 0],
  [3, 1],
])('a job that fails %i times gives %i failures; each try waits longer', async (times, failures) => {
  const begins: number[] = [];
  const failing = ranker(() => {
    begins.push(performance.now());
    if (begins.length <= times) throw new RerankError('NATIVE_ERROR', 'again');
  });
  const { failed } = await run(line('a', 'q', 'x'), failing);
  const [first = 0, second = 0, third = 0] = begins;
  expect([begins.length, failed.length]).toEqual([3, failures]);
  expect(second - first).toBeGreaterThan(990);
  expect(third - second).toBeGreaterThan(1980);
});

/** Like a model in a process of its own: refuses for good after three crashes in a row. */
function crashing(crashes: (query: string) => boolean): BulkRanker & { calls: string[] } {
  let inARow = 0;
  return ranker((query) => {
    if (inARow === 3) throw new RerankError('WORKER_CRASHED', 'is not started again');
    inARow++;
    if (crashes(query)) throw new RerankError('WORKER_CRASHED', 'ended with signal SIGSEGV');
    inARow = 0;
  });
}

test('two jobs that crash the model each time fail, and the others are computed', async () => {
  const each = crashing((query) => query.startsWith('bad'));
  const { failed } = await run(line('a', 'bad', 'x') + line('b', 'bad too', 'x') + line('c', 'good', 'x'), each);
  expect(failed.map(({ id, code }) => [id, code])).toEqual([
    ['a', 'WORKER_CRASHED'],
    ['b', 'WORKER_CRASHED'],
  ]);
  expect(each.calls.filter((query) => query === 'bad')).toHaveLength(3);
  expect(output()).toMatch(/"id":"c","results":\[\{/);
});

test('a model that crashes whatever it ranks ends the run', async () => {
  const each = crashing(() => true);
  await expect(run(line('a', 'q', 'x') + line('b', 'r', 'x'), each)).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
  expect(each.calls).not.toContain('r');
});

test('a run that is stopped between two tries ends with the reason', async () => {
  const stop = new AbortController();
  const failing = ranker(() => {
    setTimeout(() => stop.abort(new Error('enough')), 50);
    throw new RerankError('NATIVE_ERROR', 'again');
  });
  await expect(run(line('a', 'q', 'x'), failing, { signal: stop.signal })).rejects.toThrow('enough');
});

test.each([
  ['an option the model has no use for', new RerankError('INVALID_ARGUMENT', 'no use')],
  ['another error than ours', new TypeError('a slip')],
])('%s ends the run', async (_, error) => {
  const failing = ranker(() => {
    throw error;
  });
  await expect(run(line('a', 'q', 'x') + line('b', 'r', 'x'), failing)).rejects.toBe(error);
  expect(failing.calls.length).toBe(1);
  expect(existsSync(join(folder, 'out'))).toBe(false);
});

test('options are tried before any job', async () => {
  const error = new RerankError('INVALID_ARGUMENT', 'no use');
  const refusing: BulkRanker = {
    rerank: async () => {
      throw error;
    },
  };
  await expect(run(line('a', 'q', 'x'), refusing)).rejects.toBe(error);
});

test('a bad line ends the run before anything is computed', async () => {
  const each = ranker();
  await expect(run(`${line('a', 'q', 'x')}{}\n`, each)).rejects.toMatchObject({ code: 'DATASET_CORRUPT' });
  expect(each.calls).toEqual([]);
});

test('output that cannot be written is an error, and the journal keeps what was done', async () => {
  const options = { output: join(folder, 'taken') };
  mkdirSync(options.output);
  await expect(run(line('a', 'q', 'x'), ranker(), options)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  const each = ranker();
  expect(await run(line('a', 'q', 'x'), each)).toMatchObject({ resumed: 1 });
  expect(each.calls).toEqual([]);
});

test('an estimate comes from jobs all over the input', async () => {
  const path = join(folder, 'jobs.jsonl');
  writeFileSync(path, Array.from({ length: 120 }, (_, i) => line(i, `q${String(i).padStart(3, '0')}`, 'abcd')).join(''));
  const checked = await checkInput(jsonLines(path), { identity: '' });
  const each = ranker();
  const found = await estimate(checked, each);
  expect(found).toMatchObject({ lines: 120, jobs: 120, documents: 120, sampled: 12, tokens: 1200 });
  expect(new Set(each.calls)).toEqual(new Set(Array.from({ length: 12 }, (_, i) => `q${String(i * 10).padStart(3, '0')}`)));
});

test('an estimate of nothing is nothing', async () => {
  const path = join(folder, 'jobs.jsonl');
  writeFileSync(path, '');
  const checked = await checkInput(jsonLines(path), { identity: '' });
  expect(await estimate(checked, ranker())).toEqual({ lines: 0, jobs: 0, documents: 0, sampled: 0, tokens: 0, milliseconds: 0 });
});
