import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../helpers/fake-server.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Overload lasts so long; longer where somebody measures. */
const OVERLOAD_SECONDS = Number(process.env.LLAMA_RERANK_OVERLOAD_SECONDS ?? 10);
const windows = process.platform === 'win32';

interface Run {
  child: ChildProcess;
  stderr(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** One thread: several would wait for each other where other programs run, too. */
function serve(...argv: string[]): Run {
  const child = spawn(process.execPath, [CLI, 'serve', '--threads', '1', ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.push(child);
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return { child, stderr: () => text, ended: once(child, 'close').then(([code, signal]) => ({ code, signal })) };
}

/** Starts a server on a free port and waits for its model. */
async function ready(...argv: string[]): Promise<Run & { url: string }> {
  const run = serve('--port', '0', ...argv);
  const listening = () => /^llama-rerank: listening at (\S+)/m.exec(run.stderr())?.[1];
  await until(() => listening() !== undefined, 60_000);
  const url = listening() as string;
  await until(async () => (await fetch(`${url}/health`)).ok, 60_000);
  return { ...run, url };
}

const SENTENCE = 'Parcels that were sent by registered mail arrive within three working days of the order. ';
/** About `documents` times 70 tokens. */
const body = (documents: number, letter = 'a') =>
  JSON.stringify({
    query: 'when does my parcel arrive?',
    documents: Array.from({ length: documents }, (_, i) => `${letter}${i} ${SENTENCE.repeat(4)}`),
  });

function rerank(url: string, payload: string, signal?: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}/v1/rerank`, { method: 'POST', body: payload, headers, ...(signal ? { signal } : {}) });
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('H13: it cannot listen', () => {
  test('the port is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const { ended, stderr } = serve('--port', String(port));
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(lines(stderr())).toEqual([`llama-rerank: port ${port} on 127.0.0.1 is in use; --port takes another`]);
    blocker.close();
  });

  test('there is no such address', async () => {
    const { ended, stderr } = serve('--port', '0', '--host', '203.0.113.7', '--api-key', 'k');
    expect((await ended).code).toBe(1);
    expect(lines(stderr())).toEqual(['llama-rerank: this machine has no address 203.0.113.7']);
  });

  test.each(['0.0.0.0', '::', '192.168.1.5'])('%s without a key', async (host) => {
    const { ended, stderr } = serve('--host', host);
    expect((await ended).code).toBe(1);
    expect(lines(stderr())).toEqual([expect.stringMatching(/^llama-rerank: .* set a key/)]);
  });

  test('the model is not there', async () => {
    const { ended, stderr } = serve('--port', '0', '-m', '/nowhere/model.gguf', '--log-level', 'silent');
    expect((await ended).code).toBe(3);
    expect(lines(stderr()).at(-1)).toMatch(/^llama-rerank: .*\(MODEL_NOT_FOUND\)$/);
  });

  function lines(text: string): string[] {
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  }
});

test('another address with a key', async () => {
  const { url } = await ready('--host', '0.0.0.0', '--api-key', 'secret');
  const port = new URL(url).port;
  const ask = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${port}/v1/models`, { headers });
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: 'Bearer secret' })).status).toBe(200);
});

test('a real model ranks', async () => {
  const { url } = await ready();
  const answer = await rerank(
    url,
    JSON.stringify({ query: 'late parcels', documents: ['We open at nine.', 'Where is my parcel?'] }),
  );
  const { model, results } = (await answer.json()) as { model: string; results: { index: number }[] };
  expect(model).toBe('all-MiniLM-L6-v2');
  expect(results.map(({ index }) => index)).toEqual([1, 0]);
});

test('H10: clients that leave at random points stop the work', async () => {
  const { url } = await ready('--log-level', 'error');
  await rerank(url, body(1));
  const begin = performance.now();
  await (await rerank(url, body(60))).text();
  const one = performance.now() - begin;
  const clients = Array.from({ length: 20 }, async (_, i) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), (i * one) / 15);
    return rerank(url, body(60), controller.signal)
      .then((answer) => answer.text())
      .then(
        () => true,
        () => false,
      );
  });
  const answered = (await Promise.all(clients)).filter(Boolean).length;
  await until(async () => (await metric(url, 'rerank_queue_depth')) === 0);
  // One that left while its answer was on the way counts as neither.
  const aborted = await metric(url, 'rerank_aborted_total');
  expect(aborted).toBeGreaterThan(5);
  expect(answered + aborted).toBeGreaterThanOrEqual(18);
  // Work stopped: what was left of all those is not computed now.
  const next = performance.now();
  expect((await rerank(url, body(1))).status).toBe(200);
  expect(performance.now() - next).toBeLessThan(one * 3 + 1000);
});

describe.skipIf(windows)('H14: SIGTERM', () => {
  test('under load: what runs finishes, the rest is refused, exit code 0', async () => {
    const { url, child, ended, stderr } = await ready();
    const statuses: number[] = [];
    let refused = 0;
    let stop = false;
    const clients = Array.from({ length: 8 }, async () => {
      while (!stop) {
        await rerank(url, body(8)).then(
          async (answer) => {
            await answer.text();
            statuses.push(answer.status);
          },
          () => {
            refused++;
            stop = true;
          },
        );
      }
    });
    await until(() => statuses.length >= 8, 60_000);
    const begin = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(10_500);
    stop = true;
    await Promise.all(clients);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(refused).toBeGreaterThan(0);
    expect(stderr()).not.toMatch(/assert|terminate|Error:/i);
  });

  test('while idle, while a request runs that takes longer, and while loading', async () => {
    const idle = await ready();
    idle.child.kill('SIGTERM');
    expect(await idle.ended).toEqual({ code: 0, signal: null });

    const busy = await ready();
    const long = rerank(busy.url, body(1000)).then(
      ({ status }) => status,
      () => 0,
    );
    await until(async () => (await metric(busy.url, 'rerank_queue_depth')) === 1);
    const begin = performance.now();
    busy.child.kill('SIGINT');
    expect(await busy.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(10_500);
    expect([200, 503]).toContain(await long);

    const loading = serve('--port', '0');
    await until(() => loading.stderr().includes('llama-rerank: listening'));
    loading.child.kill('SIGTERM');
    expect(await loading.ended).toEqual({ code: 0, signal: null });
  });

  test('a second signal ends it at once', async () => {
    const { url, child, ended } = await ready();
    const long = rerank(url, body(1000)).catch(() => {});
    await until(async () => (await metric(url, 'rerank_queue_depth')) === 1);
    child.kill('SIGTERM');
    await pause(200);
    const begin = performance.now();
    child.kill('SIGTERM');
    expect((await ended).signal).toBe('SIGTERM');
    expect(performance.now() - begin).toBeLessThan(2000);
    await long;
  });
});

test('H08: with twice as many clients as places there is only 200 and 429, memory stays flat, waiting is bounded', async () => {
  const limit = 8;
  const { url, child } = await ready('--queue', String(limit), '--log-level', 'error');
  const payload = body(8);
  await rerank(url, payload);
  const begin = performance.now();
  for (let i = 0; i < 3; i++) await (await rerank(url, payload)).text();
  const one = (performance.now() - begin) / 3;

  const statuses = new Map<number, number>();
  const waits: number[] = [];
  const memory: number[] = [];
  const end = performance.now() + OVERLOAD_SECONDS * 1000;
  const ask = async () => {
    const start = performance.now();
    const answer = await rerank(url, payload);
    await answer.text();
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 200) waits.push(performance.now() - start);
    else expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    return answer.status;
  };
  const clients = Array.from({ length: 2 * limit }, async () => {
    while (performance.now() < end) {
      if ((await ask()) === 429) await pause(one / 2);
    }
  });
  const watch = setInterval(async () => memory.push(await residentMemory(child.pid as number)), 500);
  await Promise.all(clients);
  clearInterval(watch);
  expect([...statuses.keys()].sort()).toEqual([200, 429]);
  expect(statuses.get(200)).toBeGreaterThan(3);
  const p99 = waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.99)] as number;
  // Each waits for those before it; this machine may be three times slower than at the beginning.
  expect(p99).toBeLessThan(limit * one * 3 + 1000);
  const half = memory.slice(Math.floor(memory.length / 2));
  if (half.length > 2) expect(Math.max(...half) - (half[0] as number)).toBeLessThan(64 << 20);
  if (process.env.LLAMA_RERANK_OVERLOAD_SECONDS) console.log({ one, p99, statuses, memory });
});

async function residentMemory(pid: number): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const { readFile } = await import('node:fs/promises');
  const kilobytes = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
