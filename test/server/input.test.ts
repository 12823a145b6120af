import { afterAll, describe, expect, test } from 'vitest';
import { parseBody } from '../../src/server/json.js';
import { BODY, fakeServer } from '../helpers/fake-server.js';

const { app, calls } = fakeServer({ bodyLimit: 10_000, maxDocuments: 5 });
afterAll(() => app.close());

const JSON_TYPE = { 'content-type': 'application/json' };

function post(payload: string | object, headers: Record<string, string> = JSON_TYPE, url = '/v1/rerank') {
  return app.inject({ method: 'POST', url, payload: typeof payload === 'string' ? payload : JSON.stringify(payload), headers });
}

describe('H01: bodies that are no JSON object of ours', () => {
  const nested = (depth: number) => `{"query":"q","documents":["d"],"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;

  test.each([
    ['not JSON', 'query=late', JSON_TYPE],
    ['truncated', '{"query": "late", "docum', JSON_TYPE],
    ['empty', '', JSON_TYPE],
    ['a form', 'query=late', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', JSON.stringify(BODY), { 'content-type': 'text/plain' }],
    ['no type', JSON.stringify(BODY), {}],
    ['__proto__', '{"query":"q","documents":["d"],"__proto__":{"polluted":1}}', JSON_TYPE],
    ['__proto__, escaped', '{"query":"q","documents":[{"text":"d","\\u005f_proto__":{"polluted":1}}]}', JSON_TYPE],
    ['a name twice', '{"query":"q","documents":["d"],"query":"other"}', JSON_TYPE],
    ['deep nesting', nested(100), JSON_TYPE],
    ['deeper nesting', nested(4000), JSON_TYPE],
  ])('%s', async (_, payload, headers) => {
    const answer = await post(payload, headers);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({
      detail: expect.any(String),
      code: 'INPUT_NOT_JSON',
      request_id: answer.headers['x-request-id'],
    });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('a message holds nothing of the text', async () => {
    const answer = await post('{"query": secret-text}');
    expect(answer.body).not.toContain('secret');
  });

  test('names and nesting inside strings, and fields nobody knows, do not matter', async () => {
    const text = '[[[[{"__proto__": "\\\\"}';
    const answer = await post({
      ...BODY,
      documents: [text, `${text.repeat(30)}"`],
      user: { id: [1, { a: 1 }] },
      constructor: 'x',
    });
    expect(answer.statusCode).toBe(200);
  });

  test('parseBody gives what JSON.parse does', () => {
    const text = ' { "a" : [1, "\\"}" , {"b": null, "c\\\\": true}], "" : {} } ';
    expect(parseBody(text)).toEqual(JSON.parse(text));
    expect(() => parseBody('{"a":1,"\\u0061":2}')).toThrow(/twice/);
  });

  test('a body of backslashes takes no time', () => {
    const begin = performance.now();
    parseBody(JSON.stringify(['\\'.repeat(2_000_000), '"'.repeat(1_000_000)]));
    expect(performance.now() - begin).toBeLessThan(1500);
  });
});

describe('H02: documents and other fields of the wrong kind', () => {
  test.each([
    ['documents', { documents: [] }],
    ['documents', { documents: null }],
    ['documents', { documents: 123 }],
    ['documents', { documents: 'text' }],
    ['documents', { documents: ['1', '2', '3', '4', '5', '6'] }],
    ['documents', { documents: undefined }],
    ['documents[0]', { documents: [1] }],
    ['documents[1]', { documents: ['a', null] }],
    ['documents[1].text', { documents: ['a', { body: 'b' }] }],
    ['documents[0].text', { documents: [{ text: 5 }] }],
    ['query', { query: undefined }],
    ['query', { query: 5 }],
    ['query', { query: '' }],
    ['query', { query: ' \n' }],
    ['top_n', { top_n: 0 }],
    ['top_n', { top_n: -1 }],
    ['top_n', { top_n: 1.5 }],
    ['top_n', { top_n: '2' }],
    ['return_documents', { return_documents: 'yes' }],
    ['max_doc_length', { max_doc_length: 0 }],
    ['truncation', { truncation: 1 }],
  ])('%s in %j', async (field, change) => {
    const before = calls.length;
    const answer = await post({ ...BODY, ...change });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: 'INPUT_INVALID', errors: [{ field }] });
    expect(answer.json().detail).toContain(field);
    expect(calls.length).toBe(before);
  });

  test.each(['[]', '"text"', 'null', '5'])('a body that is %s', async (payload) => {
    expect((await post(payload)).statusCode).toBe(422);
  });

  test('null is as good as nothing', async () => {
    const nothing = { model: null, top_n: null, return_documents: null, max_doc_length: null, truncation: null, details: null };
    expect((await post({ ...BODY, ...nothing, return_embeddings: null })).statusCode).toBe(200);
  });

  test.each([
    ['texts', { query: 'q', texts: [] }, 400, 'Empty'],
    ['texts[1]', { query: 'q', texts: ['a', 1] }, 422, 'Validation'],
    ['query', { texts: ['a'] }, 422, 'Validation'],
  ])("TEI's: %s", async (field, payload, status, type) => {
    const answer = await post(payload, JSON_TYPE, '/rerank');
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({ error: expect.stringContaining(field), error_type: type });
  });

  test("Cohere's", async () => {
    const answer = await post({ query: 'q', documents: [] }, JSON_TYPE, '/v2/rerank');
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({ message: expect.stringMatching(/^invalid request: documents: /) });
  });
});

test('H03: a body over the limit', async () => {
  const answer = await post({ ...BODY, query: 'x'.repeat(10_000) });
  expect(answer.statusCode).toBe(413);
  expect(answer.headers.connection).toBe('close');
  expect(answer.json()).toMatchObject({ code: 'INPUT_TOO_LARGE' });
});

test('H04: a compressed body', async () => {
  for (const encoding of ['gzip', 'br', 'deflate']) {
    const answer = await post(BODY, { ...JSON_TYPE, 'content-encoding': encoding });
    expect(answer.statusCode).toBe(415);
  }
  expect((await post(BODY, { ...JSON_TYPE, 'content-encoding': 'identity' })).statusCode).toBe(200);
});

describe('H05: wrong method or path', () => {
  test.each([
    ['GET', '/v1/rerank', 'POST'],
    ['PUT', '/rerank?x=1', 'POST'],
    ['DELETE', '/v2/rerank', 'POST'],
    ['HEAD', '/v1/rerank', 'POST'],
    ['OPTIONS', '/v1/rerank', 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['POST', '/v1/models/x', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ] as const)('%s %s', async (method, url, allow) => {
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe(allow);
  });

  test.each(['/nope', '/v1', '/v1/rerank/', '/../package.json', '/%2e%2e/package.json'])('%s', async (url) => {
    const answer = await app.inject({ method: 'GET', url });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  test('a path that cannot be decoded', async () => {
    const answer = await app.inject({ method: 'GET', url: '/%ff' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'INPUT_BAD_URL' });
  });
});
