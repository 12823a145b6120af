import { afterEach, describe, expect, test } from 'vitest';
import { RerankError } from '../../src/index.js';
import { BODY, type FakeServer, type FakeServerOptions, fakeServer, until } from '../helpers/fake-server.js';

const open: FakeServer[] = [];
afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});

async function start(options: FakeServerOptions): Promise<FakeServer> {
  const fake = fakeServer({ drainTimeout: 50, ...options });
  open.push(fake);
  await fake.app.loaded;
  return fake;
}

const ask = ({ app }: Pick<FakeServer, 'app'>, payload: object = BODY) =>
  app.inject({ method: 'POST', url: '/v1/rerank', payload });
const post = (address: string, signal?: AbortSignal) =>
  fetch(`${address}/v1/rerank`, {
    method: 'POST',
    body: JSON.stringify(BODY),
    headers: { 'content-type': 'application/json' },
    ...(signal ? { signal } : {}),
  });
const depth = async ({ app }: FakeServer) => Number(/^rerank_queue_depth (\d+)$/m.exec((await app.inject('/metrics')).body)?.[1]);

test('H08: overload is turned away, what was admitted finishes', async () => {
  const fake = await start({ hold: true, queueLimit: 3 });
  const admitted = [ask(fake), ask(fake), ask(fake)];
  await until(() => fake.calls.length === 3);
  expect(await depth(fake)).toBe(3);
  for (const url of ['/v1/rerank', '/rerank', '/v2/rerank']) {
    const answer = await fake.app.inject({ method: 'POST', url, payload: BODY });
    expect(answer.statusCode).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  }
  expect((await fake.app.inject('/health')).statusCode).toBe(200);
  for (const _ of admitted) fake.release();
  expect((await Promise.all(admitted)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  expect(fake.calls).toHaveLength(3);
  const after = ask(fake);
  await until(() => fake.calls.length === 4);
  fake.release();
  expect((await after).statusCode).toBe(200);
});

describe('H09: not ready', () => {
  test('while the model loads', async () => {
    let finish = () => {};
    const loading = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const fake = fakeServer();
    const late = fakeServer({ load: async () => loading.then(() => ({ model: {}, dispose: async () => {} }) as never) });
    open.push(fake, late);
    for (const url of ['/health', '/health/ready']) {
      const answer = await late.app.inject(url);
      expect(answer.statusCode).toBe(503);
      expect(answer.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE', detail: 'the model is loading' });
    }
    expect((await ask(late)).statusCode).toBe(503);
    for (const url of ['/health/live', '/', '/v1/models', '/metrics']) expect((await late.app.inject(url)).statusCode).toBe(200);
    finish();
    await late.app.loaded;
    expect((await late.app.inject('/health')).statusCode).toBe(200);
  });

  test('after the model could not be loaded; the next request tries again', async () => {
    let tries = 0;
    const fake = fakeServer({
      load: async () => {
        tries++;
        throw new RerankError('MODEL_NOT_FOUND', 'there is no file /secret/path.gguf');
      },
    });
    open.push(fake);
    await expect(fake.app.loaded).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect((await fake.app.inject('/health')).statusCode).toBe(503);
    const answer = await ask(fake);
    expect(answer.statusCode).toBe(503);
    expect(answer.body).not.toContain('secret');
    expect(tries).toBe(2);
    expect(fake.log()).toContain('MODEL_NOT_FOUND');
  });

  test('after the GPU failed, until the model is loaded again', async () => {
    let fails = true;
    const fake = await start({
      onCall: () => {
        if (fails) throw new RerankError('GPU_FAILED', 'the GPU failed');
      },
    });
    expect((await ask(fake)).statusCode).toBe(503);
    expect((await fake.app.inject('/health/live')).statusCode).toBe(200);
    fails = false;
    await until(async () => (await fake.app.inject('/health')).statusCode === 200);
    expect((await ask(fake)).statusCode).toBe(200);
    expect([fake.loads.length, fake.disposed]).toEqual([2, 1]);
  });

  test('while the server ends: what runs finishes, what comes is refused', async () => {
    const fake = await start({ hold: true, drainTimeout: 20_000 });
    const address = await fake.app.listen({ port: 0, host: '127.0.0.1' });
    const running = post(address);
    await until(() => fake.calls.length === 1);
    const closed = fake.app.close();
    const refused = (path: string) =>
      fetch(address + path)
        .then(({ status }) => status === 503)
        .catch(() => true);
    await until(() => refused('/health'));
    fake.release();
    const answer = await running;
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    await closed;
    expect(fake.disposed).toBe(1);
  });

  test('when the time to finish is over, the rest is stopped', async () => {
    const fake = await start({ hold: true, drainTimeout: 100 });
    const address = await fake.app.listen({ port: 0, host: '127.0.0.1' });
    const running = post(address);
    await until(() => fake.calls.length === 1);
    await fake.app.close();
    expect((await running).status).toBe(503);
    expect(fake.calls[0]?.stopped).toBeDefined();
  });
});

describe('H10: the client leaves', () => {
  test('running and waiting', async () => {
    const fake = await start({ hold: true });
    const address = await fake.app.listen({ port: 0, host: '127.0.0.1' });
    const clients = [0, 1, 2].map(() => {
      const controller = new AbortController();
      post(address, controller.signal).catch(() => {});
      return controller;
    });
    await until(() => fake.calls.length === 3);
    for (const client of clients) client.abort();
    await until(() => fake.calls.every(({ stopped }) => stopped !== undefined));
    await until(async () => (await depth(fake)) === 0);
    const { body } = await fake.app.inject('/metrics');
    expect(body).toContain('rerank_aborted_total 3');
    expect(body).toContain('rerank_requests_total{status="499"} 3');
  });
});

test('H12: a request that takes too long; its place is free again', async () => {
  const fake = await start({ hold: true, timeout: 60, queueLimit: 1 });
  const answer = await ask(fake);
  expect(answer.statusCode).toBe(504);
  expect(answer.json()).toMatchObject({ code: 'SERVICE_TIMEOUT' });
  expect(fake.calls[0]?.stopped).toBeDefined();
  expect(await depth(fake)).toBe(0);
  expect((await ask(fake)).statusCode).toBe(504);
});

test('H12: loading counts', async () => {
  const loaded = { model: {}, dispose: async () => {} } as never;
  const fake = await start({
    models: [{ name: 'first' }, { name: 'slow', model: 'slow.gguf' }],
    timeout: 50,
    load: (model, { signal }) =>
      model === undefined
        ? Promise.resolve(loaded)
        : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  });
  expect((await ask(fake, { ...BODY, model: 'slow' })).statusCode).toBe(504);
});
