import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../helpers/fake-server.js';
import { hasNginx, Nginx } from '../helpers/nginx.js';
import { freePort } from '../helpers/port.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** So often a replica is restarted; more often where somebody measures. */
const RESTARTS = Number(process.env.LLAMA_RERANK_RESTARTS ?? 3);

/** `llama-rerank serve` on a port of its own; another process after each restart. */
class Replica {
  #process: ChildProcess | undefined;

  static async start(...argv: string[]): Promise<Replica> {
    const replica = new Replica(await freePort(), argv);
    await replica.start();
    return replica;
  }

  private constructor(
    readonly port: number,
    private readonly argv: readonly string[],
  ) {}

  async start(): Promise<void> {
    const argv = ['serve', '--threads', '1', '--log-level', 'silent', '--port', String(this.port), ...this.argv];
    this.#process = spawn(process.execPath, [CLI, ...argv], { stdio: 'ignore' });
    await until(async () => (await fetch(`${this.url}/health/ready`).catch(() => undefined))?.ok === true, 60_000);
  }

  /** How it ended, after a signal. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    const child = this.#process as ChildProcess;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? (child.signalCode as string);
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code, by] = await exit;
    return code ?? by;
  }

  async depth(): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(/^rerank_queue_depth (\d+)/m.exec(text)?.[1]);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
}

let [replicas, nginx]: [Replica[], Nginx | undefined] = [[], undefined];
afterEach(async () => {
  for (const replica of replicas) await replica.end('SIGKILL');
  await nginx?.stop();
  [replicas, nginx] = [[], undefined];
});

async function two(...argv: string[]): Promise<{ first: Replica; second: Replica; nginx: Nginx }> {
  const [first, second] = await Promise.all([Replica.start(...argv), Replica.start(...argv)]);
  replicas = [first, second];
  nginx = await Nginx.start([first.port, second.port]);
  return { first, second, nginx };
}

const SENTENCE = 'Parcels that were sent by registered mail arrive within three working days of the order. ';
const body = (documents: number) => ({
  query: 'when does my parcel arrive?',
  documents: Array.from({ length: documents }, (_, i) => `${i} ${SENTENCE.repeat(1 + (i % 4))}`),
});

interface Answer {
  status: number;
  type: string | null;
  body: { results?: { index: number; relevance_score: number }[]; code?: string; request_id?: string };
}

async function rerank(url: string, payload: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const all = { 'content-type': 'application/json', ...headers };
  const answer = await fetch(`${url}/v1/rerank`, { method: 'POST', body: JSON.stringify(payload), headers: all });
  return { status: answer.status, type: answer.headers.get('content-type'), body: (await answer.json()) as Answer['body'] };
}

/** Clients that ask one request after the other until `stop`, and everything that came back. */
function load(url: string, payload: unknown, clients = 8): { answers: Answer[]; stop(): Promise<void> } {
  const answers: Answer[] = [];
  let isOver = false;
  const all = Array.from({ length: clients }, async () => {
    while (!isOver) answers.push(await rerank(url, payload));
  });
  const ended = Promise.all(all);
  ended.catch(() => {});
  return {
    answers,
    async stop() {
      isOver = true;
      await ended;
    },
  };
}

describe.skipIf(!hasNginx)('replicas behind nginx, with deploy/nginx.conf', () => {
  test(
    'both are restarted, one after the other, under load: no request fails',
    async () => {
      const { first, second, nginx } = await two();
      const payload = body(8);
      const expected = (await rerank(first.url, payload)).body.results;
      const { answers, stop } = load(nginx.url, payload);
      const more = async (n: number) => {
        const now = answers.length;
        await until(() => answers.length >= now + n, 60_000);
      };
      await more(40);
      for (let i = 0; i < RESTARTS; i++) {
        const replica = i % 2 === 0 ? first : second;
        expect(await replica.end('SIGTERM')).toBe(0);
        await more(20);
        await replica.start();
        // nginx looks again a second after it failed, and the other must not be away by then.
        await setTimeout(2000);
        await more(20);
      }
      await stop();
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      for (const { body } of answers) expect(body.results).toEqual(expected);
      const log = await nginx.log(answers.length);
      expect(log.length).toBe(answers.length);
      // It was not for nothing: some had to be passed on, and both took part.
      const passedOn = log.filter(({ upstream }) => upstream.includes(','));
      expect(passedOn.length).toBeGreaterThan(0);
      for (const { port } of [first, second])
        expect(log.filter(({ upstream }) => upstream.endsWith(`:${port}`)).length).toBeGreaterThan(20);
      if (process.env.LLAMA_RERANK_RESTARTS) console.log({ requests: answers.length, passedOn: passedOn.length });
    },
    60_000 + RESTARTS * 20_000,
  );

  test('one dies under load: what it had begun is done by the other', async () => {
    const { first, nginx } = await two();
    const { answers, stop } = load(nginx.url, body(8));
    await until(() => answers.length >= 20, 60_000);
    expect(await first.end('SIGKILL')).toBe('SIGKILL');
    const then = answers.length;
    await until(() => answers.length >= then + 30, 60_000);
    await stop();
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const log = await nginx.log(answers.length);
    expect(log.some(({ upstream_status }) => upstream_status === '502, 200')).toBe(true);
  });

  test('a request that takes longer than the server has to end is stopped with 503, and done by the other', async () => {
    const { first, second, nginx } = await two('--drain-timeout', '0.2');
    const long = rerank(nginx.url, body(600));
    await until(async () => (await first.depth()) + (await second.depth()) === 1);
    const busy = (await first.depth()) === 1 ? first : second;
    expect(await busy.end('SIGTERM')).toBe(0);
    const { status, body: answer } = await long;
    expect([status, answer.results?.length]).toEqual([200, 600]);
    expect(await nginx.log(1)).toMatchObject([{ status: 200, upstream_status: '503, 200' }]);
  });

  test('while all are busy there is 429, which no other replica gets, and none is thought dead', async () => {
    const { nginx } = await two('--queue', '1');
    const { answers, stop } = load(nginx.url, body(8), 12);
    await until(() => answers.filter(({ status }) => status === 429).length > 50, 60_000);
    await stop();
    expect([...new Set(answers.map(({ status }) => status))].sort()).toEqual([200, 429]);
    expect((await nginx.log(answers.length)).filter(({ upstream }) => upstream.includes(','))).toEqual([]);
  });

  test('what nginx refuses has the shape of our errors', async () => {
    const { first, second, nginx } = await two();
    const id = { 'x-request-id': 'mine-7' };
    expect(await rerank(nginx.url, { ...body(1), padding: 'x'.repeat(4 << 20) }, id)).toMatchObject({
      status: 413,
      type: 'application/json',
      body: { code: 'INPUT_TOO_LARGE', request_id: 'mine-7' },
    });
    // The largest body that nginx lets through, the server takes, too.
    const padding = 'x'.repeat((4 << 20) - JSON.stringify({ ...body(1), padding: '' }).length);
    expect((await rerank(nginx.url, { ...body(1), padding })).status).toBe(200);
    expect((await rerank(nginx.url, {}, { 'x-request-id': 'not one of ours' })).body.request_id).toMatch(/^[0-9a-f]{32}$/);
    expect((await fetch(`${nginx.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${nginx.url}/health/ready`)).status).toBe(200);

    const flood = await Promise.all(
      Array.from({ length: 600 }, async () => {
        const answer = await fetch(`${nginx.url}/v1/models`);
        await answer.text();
        return [answer.status, answer.headers.get('retry-after')];
      }),
    );
    expect(flood).toContainEqual([200, null]);
    expect(flood).toContainEqual([429, '1']);

    for (const replica of [first, second]) expect(await replica.end('SIGTERM')).toBe(0);
    await until(async () => (await rerank(nginx.url, body(1))).status !== 429);
    expect(await rerank(nginx.url, body(1), id)).toMatchObject({
      status: 503,
      type: 'application/json',
      body: { code: 'SERVICE_UNAVAILABLE', request_id: 'mine-7' },
    });
  });
});
