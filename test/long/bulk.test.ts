import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tinyListwise } from '../helpers/models.js';
import { hasRedis, RedisServer } from '../helpers/redis.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const MODEL = ['-m', tinyListwise(), '-t', '1', '--gpu', 'cpu'];
const JOBS = 2000;
const seed = Number(process.env.LLAMA_RERANK_SEED ?? 1);

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulk-process-'));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Child {
  child: ChildProcess;
  output: { stderr: string };
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

function start(...argv: string[]): Child {
  const child = spawn(process.execPath, [CLI, ...argv], { cwd: folder });
  children.push(child);
  const output = { stderr: '' };
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, output, ended };
}

/** Jobs that the journal has. */
function done(): number {
  const journal = join(folder, 'out.jsonl.journal');
  return existsSync(journal) ? readFileSync(journal, 'latin1').split('\n').length - 2 : 0;
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 60_000) throw new Error(`it has not happened within a minute, with ${done()} jobs done`);
    await setTimeout(20);
  }
}

/** A number from 0 to 1 (Park and Miller, 1988). */
function random(state: number): () => number {
  let value = state;
  return () => {
    value = (value * 48_271) % 2_147_483_647;
    return value / 2_147_483_647;
  };
}

function writeJobs(count: number): string[] {
  const next = random(seed);
  const words = 'bees honey train money late soup river stone map guitar winter road bread shop nine'.split(' ');
  const text = (length: number) => Array.from({ length }, () => words[Math.floor(next() * words.length)]).join(' ');
  const ids = Array.from({ length: count }, (_, i) => `job-${i}`);
  const lines = ids.map((id) => JSON.stringify({ id, query: text(4), documents: [{ _id: 'a', text: text(6) }, text(3)] }));
  writeFileSync(join(folder, 'jobs.jsonl'), lines.join('\n'));
  return ids;
}

const BULK = ['bulk', 'jobs.jsonl', ...MODEL];

test('a run in this process that is killed goes on where it was', async () => {
  writeJobs(600);
  expect(await start(...BULK, '-o', 'quiet.jsonl').ended).toMatchObject({ code: 0 });
  const first = start(...BULK, '-o', 'out.jsonl');
  await until(() => done() > 100);
  first.child.kill('SIGKILL');
  expect(await first.ended).toMatchObject({ signal: 'SIGKILL' });
  const before = done();
  expect(before).toBeLessThan(600);
  expect(existsSync(join(folder, 'out.jsonl'))).toBe(false);
  const { code, stderr } = await start(...BULK, '-o', 'out.jsonl').ended;
  expect(code).toBe(0);
  expect(stderr).toContain(`${before} of them in an earlier run; ${600 - before} jobs`);
  expect(readFileSync(join(folder, 'out.jsonl'), 'utf8')).toBe(readFileSync(join(folder, 'quiet.jsonl'), 'utf8'));
});

describe.skipIf(!hasRedis)('jobs through Redis', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(() => server.remove());

  const worker = () => start('worker', '--redis', server.url, ...MODEL);

  test(`nothing is lost and nothing twice, whatever dies (seed ${seed})`, async () => {
    const ids = writeJobs(JOBS);
    expect(await start(...BULK, '-o', 'quiet.jsonl').ended).toMatchObject({ code: 0 });
    const command = [...BULK, '-o', 'out.jsonl', '--redis', server.url, '--max-queued', '200'];
    const next = random(seed);
    const workers = [worker(), worker(), worker()];
    let producer = start(...command);

    for (let kills = 1; kills <= 9; kills++) {
      await until(() => done() >= (kills * JOBS) / 10);
      const victim = Math.floor(next() * workers.length);
      workers[victim]?.child.kill('SIGKILL');
      if (kills === 5) {
        await server.kill();
        await setTimeout(500);
        await server.start();
      }
      // A worker that finds no Redis at its start ends with an error.
      workers[victim] = worker();
      if (kills === 3) {
        producer.child.kill('SIGKILL');
        expect(await producer.ended).toMatchObject({ signal: 'SIGKILL' });
        producer = start(...command);
      }
    }
    const { code, stderr } = await producer.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('in an earlier run') });
    const lines = readFileSync(join(folder, 'out.jsonl'), 'utf8');
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(ids);
    expect(lines).toBe(readFileSync(join(folder, 'quiet.jsonl'), 'utf8'));
    expect(await server.ask((client) => client.keys('bull:llama-rerank:????????????????????????????????*'))).toEqual([]);

    // One that has not come so far would end by the signal.
    await until(() => workers.every(({ output }) => output.stderr.includes('takes jobs for')));
    for (const { child } of workers) child.kill('SIGTERM');
    for (const { ended } of workers) expect(await ended).toEqual({ code: 0, signal: null, stderr: expect.any(String) });
  });

  test('a worker that is told to end while it loads ends with 0', async () => {
    for (const milliseconds of [300, 450, 600]) {
      const { child, ended } = worker();
      await setTimeout(milliseconds);
      child.kill('SIGTERM');
      const { code, signal, stderr } = await ended;
      // Before anything runs there is nobody to hear it.
      expect(signal === 'SIGTERM' || code === 0).toBe(true);
      expect(stderr).not.toMatch(/aborted|NATIVE/);
    }
  });

  test('SIGTERM: the running job ends, and then the worker; the second signal ends it at once', async () => {
    writeJobs(400);
    const [one, two] = [worker(), worker()];
    const producer = start(...BULK, '-o', 'out.jsonl', '--redis', server.url);
    await until(() => done() > 50);
    one.child.kill('SIGTERM');
    expect(await one.ended).toMatchObject({ code: 0, signal: null });
    // A job that one had not ended would be active still, and no worker's.
    two.child.kill('SIGSTOP');
    const active = await server.ask((client) => client.llen('bull:llama-rerank:active'));
    two.child.kill('SIGCONT');
    expect(active).toBeLessThanOrEqual(1);
    expect(await producer.ended).toMatchObject({ code: 0 });
    await server.kill();
    two.child.kill('SIGTERM');
    await setTimeout(200);
    two.child.kill('SIGTERM');
    const { code, signal } = await two.ended;
    expect(code === 0 || signal === 'SIGTERM').toBe(true);
  });
});
