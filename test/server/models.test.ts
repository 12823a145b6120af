import { afterEach, describe, expect, test } from 'vitest';
import { RerankError } from '../../src/index.js';
import { createApp } from '../../src/server/index.js';
import { BODY, type FakeServer, type FakeServerOptions, fakeServer, until } from '../helpers/fake-server.js';

const open: FakeServer[] = [];
afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});

async function start(options: FakeServerOptions): Promise<FakeServer> {
  const fake = fakeServer(options);
  open.push(fake);
  await fake.app.loaded;
  return fake;
}

const ask = ({ app }: FakeServer, model?: string) =>
  app.inject({ method: 'POST', url: '/v1/rerank', payload: { ...BODY, model } });
const TWO = [
  { name: 'good', model: 'good.gguf' },
  { name: 'quick', model: 'hf:user/quick' },
];

describe('H15: model names', () => {
  test('a single model answers to any name', async () => {
    const fake = await start({ models: [{ name: 'good', model: 'good.gguf' }] });
    for (const name of ['good', 'jina-reranker-v3', '', undefined]) {
      const answer = await ask(fake, name);
      expect(answer.statusCode).toBe(200);
      expect(answer.json().model).toBe('good');
    }
  });

  test.each([{ models: TWO }, { models: TWO.slice(0, 1), strictModel: true }])(
    'otherwise an unknown one is refused: %j',
    async (options) => {
      const fake = await start(options);
      const answer = await ask(fake, 'other');
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({ code: 'INPUT_MODEL_NOT_FOUND', detail: expect.stringContaining('good') });
      expect((await ask(fake)).json().model).toBe('good');
    },
  );
});

test('the first model is loaded at the start, others on first use, once for all who wait', async () => {
  const fake = await start({ models: TWO });
  expect(fake.loads).toEqual(['good.gguf']);
  const answers = await Promise.all([ask(fake, 'quick'), ask(fake, 'quick'), ask(fake, 'good'), ask(fake, 'quick')]);
  expect(answers.map((answer) => answer.json().model)).toEqual(['quick', 'quick', 'good', 'quick']);
  expect(fake.loads).toEqual(['good.gguf', 'hf:user/quick']);
});

test('R06: a model nobody asks for is unloaded, and loaded again; the first stays', async () => {
  const fake = await start({ models: TWO, idleTimeout: 30 });
  await Promise.all([ask(fake, 'quick'), ask(fake, 'good')]);
  await until(() => fake.disposed === 1);
  const { data } = (await fake.app.inject('/v1/models')).json();
  expect(data.map(({ loaded }: { loaded: boolean }) => loaded)).toEqual([true, false]);
  await Promise.all([ask(fake, 'quick'), ask(fake, 'quick')]);
  expect(fake.loads).toEqual(['good.gguf', 'hf:user/quick', 'hf:user/quick']);
});

test('a model in use is not unloaded', async () => {
  const fake = await start({ models: TWO, idleTimeout: 20, hold: true });
  const first = ask(fake, 'quick');
  await until(() => fake.calls.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(fake.disposed).toBe(0);
  fake.release();
  expect((await first).statusCode).toBe(200);
  await until(() => fake.disposed === 1);
});

describe('H16: errors', () => {
  test.each(['/v1/rerank', '/rerank', '/v2/rerank'])('of our own on %s', async (url) => {
    const fake = await start({
      onCall: ({ documents }) => {
        throw new TypeError(`cannot read ${documents[0]} of /secret/path`);
      },
    });
    const answer = await fake.app.inject({ method: 'POST', url, payload: BODY });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toMatch(/secret|TypeError| at /);
    expect(fake.log()).not.toMatch(/secret|late parcels|short/);
    expect(answer.headers['x-request-id']).toBeDefined();
    if (url !== '/v2/rerank')
      expect(answer.json()).toMatchObject({ code: 'INTERNAL_ERROR', request_id: answer.headers['x-request-id'] });
    expect(fake.log()).toMatch(/"error":"TypeError".*"stack":\["/);
    expect((await fake.app.inject('/health')).statusCode).toBe(200);
  });

  test.each([
    ['INVALID_ARGUMENT', 422],
    ['TEXT_TOO_LARGE', 422],
    ['CONTEXT_OVERFLOW', 422],
    ['DISPOSED', 503],
    ['INSUFFICIENT_MEMORY', 503],
    ['OFFLINE', 503],
    ['NON_FINITE', 500],
    ['INTERNAL', 500],
  ] as const)('%s of the library', async (code, status) => {
    const fake = await start({
      onCall: () => {
        throw new RerankError(code, 'options.returnEmbeddings: has no use');
      },
    });
    const answer = await ask(fake);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().detail.includes('return_embeddings')).toBe(code === 'INVALID_ARGUMENT' || code === 'TEXT_TOO_LARGE');
  });
});

describe('a process that runs the model and ends', () => {
  /** All calls of one process get the same error. */
  const crash = () => new RerankError('WORKER_CRASHED', 'ended with signal SIGKILL. It wrote /secret/path');

  test.each([
    ['/v1/rerank', BODY, { code: 'WORKER_CRASHED' }, { code: 'SERVICE_UNAVAILABLE' }],
    ['/v2/rerank', BODY, { message: expect.stringContaining('ended') }, { message: expect.stringContaining('try again') }],
    ['/rerank', { query: 'q', texts: ['a'] }, { error_type: 'Backend' }, { error_type: 'Unhealthy' }],
  ])('%s: 500 for the request that ran, 503 for those behind it', async (url, payload, ran, waited) => {
    const error = crash();
    let broken = true;
    const fake = await start({
      hold: true,
      onCall: () => {
        if (broken) throw error;
      },
    });
    const answers = [1, 2, 3].map(() => fake.app.inject({ method: 'POST', url, payload }));
    await until(() => fake.calls.length === 3);
    for (const _ of answers) fake.release();
    const [first, ...others] = await Promise.all(answers);
    expect(first?.statusCode).toBe(500);
    expect(first?.json()).toMatchObject(ran);
    for (const other of others) {
      expect(other.statusCode).toBe(503);
      expect(other.headers['retry-after']).toBe('1');
      expect(other.json()).toMatchObject(waited);
    }
    expect([first, ...others].map((answer) => answer?.body).join()).not.toContain('secret');
    expect(fake.log().match(/SIGKILL/g)).toHaveLength(1);

    // It was asked at once whether it is well again.
    await until(() => fake.calls.length === 4);
    broken = false;
    fake.release();
    const next = fake.app.inject({ method: 'POST', url, payload });
    await until(() => fake.calls.length === 5);
    fake.release();
    expect((await next).statusCode).toBe(200);
    expect(fake.loads).toHaveLength(1);
  });

  test('one that ranks nothing any more: the model is loaded anew', async () => {
    const fake = await start({
      onCall: () => {
        if (fake.loads.length === 1) throw crash();
      },
    });
    expect((await ask(fake)).statusCode).toBe(500);
    await until(() => fake.loads.length === 2);
    expect((await ask(fake)).statusCode).toBe(200);
    expect(fake.disposed).toBe(1);
  });

  test('one that ends while it loads: the model is not there', async () => {
    let loads = 0;
    const load = async () => {
      loads++;
      throw crash();
    };
    const { app } = fakeServer({ load });
    await expect(app.loaded).rejects.toThrow('SIGKILL');
    const answer = await app.inject({ method: 'POST', url: '/v1/rerank', payload: BODY });
    expect(answer.statusCode).toBe(503);
    expect(answer.json().detail).toContain('could not be loaded');
    expect(loads).toBe(2);
    await app.close();
  });
});

test('options that contradict each other', () => {
  expect(() => createApp({ models: [] })).toThrow(TypeError);
  expect(() => createApp({ models: [{ name: 'a' }, { name: 'a' }] })).toThrow(/two are called a/);
});
