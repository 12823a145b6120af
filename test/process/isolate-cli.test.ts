import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ends, isolatedChildren, theChild } from '../helpers/children.js';
import { fakeLlama, fakeModel } from '../helpers/fake-llama.js';
import { until } from '../helpers/fake-server.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const windows = process.platform === 'win32';
const running: ChildProcess[] = [];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isolate-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** A command; with `fake`, on the llama.cpp whose faults the name of a model chooses. */
function start(argv: string[], { fake = false } = {}) {
  const env = { ...process.env, ...(fake ? { LLAMA_RERANK_LIBRARY_PATH: fakeLlama() } : {}) };
  const child = spawn(process.execPath, [CLI, ...argv, '-t', '1', '--gpu', 'cpu'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return { pid: child.pid as number, child, output, ended: once(child, 'close').then(([code]) => ({ code, ...output })) };
}

async function serving(model: string) {
  const run = start(['serve', '--port', '0', '--isolate', '-m', fakeModel(model)], { fake: true });
  const listening = () => /^llama-rerank: listening at (\S+)/m.exec(run.output.stderr)?.[1];
  await until(() => listening() !== undefined, 60_000);
  const url = listening() as string;
  await until(async () => (await fetch(`${url}/health`)).ok, 60_000);
  const ask = (path: string, body: object) =>
    fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const depth = async () => Number(/^rerank_queue_depth (\d+)/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
  return { ...run, url, ask, depth };
}

const QUERY = 'how do bees make honey?';
const FEW = ['Bees collect nectar.', 'The train was late.'];

// A call is two batches, one for the query and one for the documents; so is the look whether a new process is well.
test.skipIf(windows)(
  'serve: a killed process fails the request it ran; those behind it may be tried elsewhere; the next one works',
  async () => {
    const { ask, depth, pid, url, child, output, ended } = await serving('encode=ok;ok;ok;ok;60000ms');
    const body = { query: QUERY, documents: FEW };
    const before = (await (await ask('/v1/rerank', body)).json()) as { results: unknown };
    await ask('/v1/rerank', body);
    const stuck = ask('/v1/rerank', body);
    await until(async () => (await depth()) === 1);
    const behind = ask('/v2/rerank', body);
    await until(async () => (await depth()) === 2);
    const first = await theChild(pid);
    process.kill(first, 'SIGKILL');
    const [failed, waited] = await Promise.all([stuck, behind]);
    expect(failed.status).toBe(500);
    expect(failed.headers.get('retry-after')).toBeNull();
    expect(await failed.json()).toMatchObject({ code: 'WORKER_CRASHED', detail: expect.stringContaining('started again') });
    expect(waited.status).toBe(503);
    expect(waited.headers.get('retry-after')).toBe('1');
    expect(await waited.json()).toEqual({ message: expect.stringContaining('try again') });
    const after = await ask('/v1/rerank', body);
    expect(after.status).toBe(200);
    expect(await after.json()).toMatchObject({ results: before.results });
    const second = await theChild(pid);
    expect(second).not.toBe(first);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(output.stderr).toMatch(/"code":"WORKER_CRASHED","message":"[^"]*signal SIGKILL/);
    expect(output.stderr).not.toContain(QUERY);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(await ends(second)).toBe(true);
  },
);

test.skipIf(windows)('serve: an assertion at every third batch, request after request', async () => {
  const { ask } = await serving('encode=ok;ok;ok;assert');
  const body = { query: QUERY, texts: FEW };
  expect((await ask('/rerank', body)).status).toBe(200);
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const answer = await ask('/rerank', body);
    statuses.push(answer.status);
    expect(await answer.json()).toEqual({ error: expect.stringContaining('ended'), error_type: 'Backend' });
  }
  expect(statuses).toEqual([500, 500, 500, 500, 500]);
});

test.skipIf(windows)(
  'bulk: a job whose process is killed is tried again, and the file is that of an undisturbed run',
  async () => {
    const jobs = join(folder, 'jobs.jsonl');
    const job = (id: number) => `${JSON.stringify({ id, query: `${QUERY} ${id}`, documents: FEW })}\n`;
    writeFileSync(jobs, job(1) + job(2) + job(3));
    const well = join(folder, 'well.jsonl');
    expect((await start(['bulk', jobs, '-o', well, '-m', fakeModel('well')], { fake: true }).ended).code).toBe(0);

    const out = join(folder, 'out.jsonl');
    const run = start(['bulk', jobs, '-o', out, '--isolate', '-m', fakeModel('encode=ok;ok;ok;ok;ok;60000ms')], { fake: true });
    const journal = `${out}.journal`;
    await until(() => existsSync(journal) && readFileSync(journal, 'utf8').split('\n').length > 3);
    process.kill(await theChild(run.pid), 'SIGKILL');
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(well, 'utf8'));
  },
);

test('bulk: a run that was begun in process goes on isolated, since neither scores nor identity differ', async () => {
  const jobs = join(folder, 'real.jsonl');
  const poison = { id: 2, query: QUERY, documents: ['x'.repeat(2 << 20)] };
  writeFileSync(jobs, `${JSON.stringify({ id: 1, query: QUERY, documents: FEW })}\n`);
  const files = { plain: join(folder, 'plain.jsonl'), isolated: join(folder, 'isolated.jsonl') };
  expect((await start(['bulk', jobs, '-o', files.plain]).ended).code).toBe(0);
  expect((await start(['bulk', jobs, '-o', files.isolated, '--isolate']).ended).code).toBe(0);
  expect(readFileSync(files.isolated, 'utf8')).toBe(readFileSync(files.plain, 'utf8'));
  // The journal of a run with a job that fails stays, and has the model's identity.
  writeFileSync(jobs, `${JSON.stringify({ id: 1, query: QUERY, documents: FEW })}\n${JSON.stringify(poison)}\n`);
  expect((await start(['bulk', jobs, '-o', files.plain]).ended).code).toBe(4);
  const resumed = await start(['bulk', jobs, '-o', files.plain, '--isolate']).ended;
  expect(resumed.code).toBe(4);
  expect(resumed.stderr).not.toContain('JOURNAL_MISMATCH');
});

test('rank and verify, in a process of its own', async () => {
  const file = join(folder, 'a.txt');
  writeFileSync(file, FEW.join('\n'));
  const rank = ['rank', '-q', QUERY, '--input', 'line', '--jsonl', '--quiet', file];
  const plain = await start(rank).ended;
  const isolated = start([...rank, '--isolate']);
  const result = await isolated.ended;
  expect(result).toEqual(plain);
  expect(result.code).toBe(0);
  expect(isolatedChildren(isolated.pid)).toEqual([]);
  expect(await start(['verify', 'all-MiniLM-L6-v2', '--isolate', '--quiet']).ended).toMatchObject({ code: 0 });
});
