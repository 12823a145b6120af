import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp, type RerankApp } from '../../src/server/index.js';
import { BODY, fakeServer } from '../helpers/fake-server.js';
import { PAIRWISE_FIXTURES, unpack } from '../helpers/models.js';
import { loaded } from '../helpers/reranker.js';
import { DOCUMENTS, QUERY } from '../helpers/served.js';

const TINY = unpack(join(PAIRWISE_FIXTURES, 'bge-m3/bge-m3-F16.gguf.gz'), 'bge-m3');
const body = { query: QUERY, documents: DOCUMENTS };

interface Answer {
  index: number;
  relevance_score: number;
  stage?: number;
}

describe('a cascade of the starter model and a tiny cross-encoder', () => {
  let app: RerankApp;
  const [fast, strong] = [loaded('starter'), loaded(TINY)];
  const start = (more = {}) =>
    createApp({
      models: [{ name: 'both', stages: ['starter', TINY], keep: 2 }],
      loadOptions: { gpu: 'cpu', threads: 1 },
      ...more,
    });
  const ask = (payload: object, url = '/v1/rerank') => app.inject({ method: 'POST', url, payload });
  beforeAll(async () => {
    app = start();
    await app.loaded;
  });
  afterAll(() => app.close());

  /** What the stages alone say, put together. */
  async function expected(): Promise<[number, number, number][]> {
    const { results } = await fast().rerank(QUERY, DOCUMENTS);
    const best = results.slice(0, 2);
    const above = await strong().rerank(
      QUERY,
      best.map(({ document }) => document),
    );
    return [
      ...above.results.map((result) => [best[result.index]?.index ?? -1, result.relevanceScore, 1] as [number, number, number]),
      ...results.slice(2).map((result) => [result.index, result.relevanceScore, 0] as [number, number, number]),
    ];
  }

  test('it ranks as its stages do; details tell which scored what', async () => {
    const answer = (await ask({ ...body, details: true })).json();
    expect(answer.model).toBe('both');
    expect(answer.results.map((result: Answer) => [result.index, result.relevance_score, result.stage])).toEqual(
      await expected(),
    );
    expect(answer.details.stages).toMatchObject([
      { model: fast().model.name, score_kind: 'blend', documents: 4, scored: 4, complete: true },
      { model: strong().model.name, score_kind: 'probability', documents: 2, scored: 2, complete: true },
    ]);
    const bare = (await ask(body)).json();
    expect(bare).not.toHaveProperty('details');
    expect(bare.results[0]).not.toHaveProperty('stage');
  });

  test('by the other APIs, too', async () => {
    const order = (await expected()).map(([index]) => index);
    const cohere = (await ask({ ...body, top_n: 3 }, '/v2/rerank')).json();
    expect(cohere.results.map(({ index }: Answer) => index)).toEqual(order.slice(0, 3));
    const tei = (await ask({ query: QUERY, texts: DOCUMENTS }, '/rerank')).json();
    expect(tei.map(({ index }: Answer) => index)).toEqual(order);
  });

  test('a deadline that is over leaves the order of the first stage', async () => {
    const { results, details } = (await ask({ ...body, details: true, deadline_ms: 0.001 })).json();
    expect(results.map(({ stage }: Answer) => stage)).toEqual([0, 0, 0, 0]);
    expect(details.stages[1]).toMatchObject({ documents: 2, scored: 0, complete: false });
    const far = (await ask({ ...body, details: true, deadline_ms: 60_000 })).json();
    expect(far.details.stages[1]).toMatchObject({ scored: 2, complete: true });
  });

  test('the deadline of the server holds for all requests; a request may only ask for less', async () => {
    const bound = start({ deadline: 0.001 });
    try {
      await bound.loaded;
      const payload = { ...body, details: true, deadline_ms: 60_000 };
      const { details } = (await bound.inject({ method: 'POST', url: '/v1/rerank', payload })).json();
      expect(details.stages[1].complete).toBe(false);
    } finally {
      await bound.close();
    }
  });

  test('what a cascade cannot do is 422', async () => {
    const answer = await ask({ ...body, return_embeddings: true });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().detail).toContain('return_embeddings');
  });

  test('/v1/models names its stages', async () => {
    const { data } = (await app.inject('/v1/models')).json();
    expect(data).toMatchObject([{ id: 'both', loaded: true, stages: ['starter', TINY], family: 'pairwise' }]);
  });
});

test('a deadline for a single model is refused by name; null is as good as none', async () => {
  const fake = fakeServer();
  await fake.app.loaded;
  const ask = (deadline_ms: unknown) => fake.app.inject({ method: 'POST', url: '/v1/rerank', payload: { ...BODY, deadline_ms } });
  expect((await ask(100)).json()).toMatchObject({ code: 'INPUT_INVALID', errors: [{ field: 'deadline_ms' }] });
  for (const bad of [0, -1, '5']) expect((await ask(bad)).statusCode).toBe(422);
  expect((await ask(null)).statusCode).toBe(200);
  await fake.app.close();
});

test('the deadline of the server is not for single models', async () => {
  const fake = fakeServer({ deadline: 100 });
  await fake.app.loaded;
  await fake.app.inject({ method: 'POST', url: '/v1/rerank', payload: BODY });
  expect(fake.calls[0]?.options).not.toHaveProperty('deadline');
  await fake.app.close();
});

test('a stage that cannot be loaded is the error of the model', async () => {
  const app = createApp({ models: [{ name: 'both', stages: ['starter', '/nowhere/at-all.gguf'] }], loadOptions: { gpu: 'cpu' } });
  await expect(app.loaded).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  await app.close();
});

test('model and stages together contradict each other', () => {
  expect(() => createApp({ models: [{ name: 'both', model: 'a', stages: ['a', 'b'] }] })).toThrow(TypeError);
});
