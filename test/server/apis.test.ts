import { afterAll, describe, expect, test } from 'vitest';
import { BODY, fakeServer } from '../helpers/fake-server.js';

const fake = fakeServer({ logits: true, truncated: [2] });
const { app, calls } = fake;
afterAll(() => app.close());

const post = async (payload: object, url = '/v1/rerank') => app.inject({ method: 'POST', url, payload });

describe("Jina's API", () => {
  test.each(['/v1/rerank', '/rerank'])('%s', async (url) => {
    const answer = await post({ ...BODY, model: 'jina-reranker-v3', top_n: 2 }, url);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      model: 'all-MiniLM-L6-v2',
      object: 'list',
      usage: { total_tokens: 10, prompt_tokens: 10 },
      results: [
        { index: 1, relevance_score: 0.17, document: 'a longer document' },
        { index: 2, relevance_score: 0.1, document: 'middle one' },
      ],
    });
    expect(answer.headers['x-request-id']).toMatch(/^[\w-]{36}$/);
  });

  test('documents come back in the shape they came in', async () => {
    const documents = ['text', { text: 'an object', title: 'of more' }];
    const { results } = (await post({ ...BODY, documents })).json();
    expect(results.map(({ document }: { document: unknown }) => document)).toEqual([{ text: 'an object' }, 'text']);
  });

  test('fields reach the library', async () => {
    const answer = await post({ ...BODY, return_documents: false, max_doc_length: 100, return_embeddings: true, top_n: 1 });
    expect(answer.json().results).toEqual([{ index: 1, relevance_score: 0.17, embedding: [1, 2] }]);
    expect(calls.at(-1)?.options).toMatchObject({ maxDocumentTokens: 100, returnEmbeddings: true, topN: 1 });
    await post({ ...BODY, max_doc_length: 8192 });
    expect(calls.at(-1)?.options.maxDocumentTokens).toBe(254);
  });

  test('return_documents may be a word', async () => {
    const [bare] = (await post({ ...BODY, return_documents: 'false', top_n: 1 })).json().results;
    expect(bare).toEqual({ index: 1, relevance_score: 0.17 });
    const [whole] = (await post({ ...BODY, return_documents: 'true', top_n: 1 })).json().results;
    expect(whole.document).toBe('a longer document');
  });

  test('top_n beyond the list means all', async () => {
    expect((await post({ ...BODY, top_n: 99 })).json().results).toHaveLength(3);
  });

  test('truncation: false refuses the request where a text would be cut, also of documents beyond top_n', async () => {
    const answer = await post({ ...BODY, truncation: false, top_n: 1 });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: 'INPUT_TOKEN_LIMIT_EXCEEDED', errors: [{ field: 'documents[2]' }] });
    expect(calls.at(-1)?.options).toMatchObject({ overflow: 'error' });
    const short = await post({ ...BODY, documents: ['a', 'bc'], truncation: false, top_n: 1 });
    expect(short.json().results).toHaveLength(1);
  });

  test('truncation: false lets listwise models split the list, and looks at the query', async () => {
    const listwise = fakeServer({ model: { family: 'listwise' }, queryTruncated: true });
    const answer = await listwise.app.inject({ method: 'POST', url: '/v1/rerank', payload: { ...BODY, truncation: false } });
    expect(answer.json()).toMatchObject({ errors: [{ field: 'query' }] });
    expect(listwise.calls[0]?.options.overflow).toBeUndefined();
    await listwise.app.close();
  });

  test('details', async () => {
    const { results, details } = (await post({ ...BODY, details: true })).json();
    expect(results[1]).toEqual({ index: 2, relevance_score: 0.1, document: 'middle one', truncated: true, logit: 10 });
    expect(details).toEqual({
      score_kind: 'cosine',
      family: 'similarity',
      query_truncated: false,
      overflow: 'none',
      blocks: 1,
      milliseconds: { queue: 1, tokens: 2, states: 30, score: 4, total: 37 },
      tokens: { total: 10, reused: 3 },
    });
  });
});

describe("TEI's API", () => {
  test('a bare list, and times as headers', async () => {
    const answer = await post({ query: 'q', texts: ['ab', 'abcd'] }, '/rerank');
    expect(answer.json()).toEqual([
      { index: 1, score: 0.04 },
      { index: 0, score: 0.02 },
    ]);
    expect(answer.headers).toMatchObject({ 'x-total-time': '37', 'x-queue-time': '1', 'x-inference-time': '34' });
  });

  test('raw_scores and return_text', async () => {
    const answer = await post({ query: 'q', texts: ['ab'], raw_scores: true, return_text: true }, '/rerank');
    expect(answer.json()).toEqual([{ index: 0, score: 2, text: 'ab' }]);
  });

  test('truncate: false', async () => {
    const answer = await post({ query: 'q', texts: ['a', 'b', 'c'], truncate: false }, '/rerank');
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toEqual({ error: expect.stringContaining('texts[2]'), error_type: 'Validation' });
  });
});

test("Cohere's API", async () => {
  const answer = await post({ ...BODY, model: 'rerank-v3.5', top_n: 1, max_tokens_per_doc: 4096 }, '/v2/rerank');
  expect(answer.json()).toEqual({
    id: answer.headers['x-request-id'],
    results: [{ index: 1, relevance_score: 0.17 }],
    meta: { api_version: { version: '2' }, billed_units: { search_units: 1 }, tokens: { input_tokens: 10 } },
  });
});

test('a request id that is given comes back; one that is no id does not', async () => {
  const given = await app.inject({ url: '/health', headers: { 'x-request-id': 'trace-1:a' } });
  expect(given.headers['x-request-id']).toBe('trace-1:a');
  const forged = await app.inject({ url: '/health', headers: { 'x-request-id': 'a b"<' } });
  expect(forged.headers['x-request-id']).toMatch(/^[\w-]{36}$/);
});

test('models', async () => {
  const { data } = (await app.inject({ url: '/v1/models' })).json();
  expect(data).toEqual([
    expect.objectContaining({ id: 'all-MiniLM-L6-v2', object: 'model', loaded: true, score_kind: 'cosine' }),
  ]);
  expect(JSON.stringify(data)).not.toContain('/models/');
  expect((await app.inject({ url: '/v1/models/all-MiniLM-L6-v2' })).json()).toEqual(data[0]);
  expect((await app.inject({ url: '/v1/models/other' })).statusCode).toBe(404);
});

test('metrics', async () => {
  const { app: fresh } = fakeServer({ truncated: [0, 2] });
  await fresh.loaded;
  for (const payload of [BODY, { ...BODY, top_n: 2 }, {}]) await fresh.inject({ method: 'POST', url: '/v1/rerank', payload });
  await fresh.inject({ url: '/health' });
  const { body, headers } = await fresh.inject({ url: '/metrics' });
  expect(headers['content-type']).toMatch(/^text\/plain/);
  for (const line of [
    'rerank_requests_total{status="200"} 2',
    'rerank_requests_total{status="422"} 1',
    'rerank_request_seconds_count 3',
    'rerank_queue_seconds_sum 0.002',
    'rerank_inference_seconds_sum 0.072',
    'rerank_queue_depth 0',
    'rerank_models_loaded 1',
    'rerank_tokens_total 20',
    'rerank_truncated_total 3',
    'rerank_aborted_total 0',
  ]) {
    expect(body.split('\n')).toContain(line);
  }
  await fresh.close();
});

test('the OpenAPI document names every route', async () => {
  const document = (await app.inject({ url: '/openapi.json' })).json();
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths).sort()).toEqual([
    '/health',
    '/health/live',
    '/health/ready',
    '/metrics',
    '/rerank',
    '/v1/models',
    '/v1/models/{id}',
    '/v1/rerank',
    '/v2/rerank',
  ]);
  expect(document.paths['/v2/rerank'].post.requestBody.content['application/json'].schema.required).toEqual([
    'query',
    'documents',
  ]);
});

test('the page, under a policy that permits nothing from elsewhere', async () => {
  const answer = await app.inject({ url: '/' });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.headers['content-security-policy']).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/);
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  const { etag } = answer.headers;
  const again = await app.inject({ url: '/', headers: { 'if-none-match': etag as string } });
  expect([again.statusCode, again.body]).toEqual([304, '']);
  expect((await app.inject({ method: 'HEAD', url: '/' })).body).toBe('');
});

test('the log has a line a request, without any of its texts', async () => {
  await post({ query: 'secret-query', documents: ['secret-document'] });
  const line = JSON.parse(fake.log().trim().split('\n').at(-1) as string);
  expect(line).toMatchObject({ method: 'POST', path: '/v1/rerank', status: 200, documents: 1, tokens: 10 });
  expect(fake.log()).not.toMatch(/secret|late parcels|longer document/);
});
