import { afterAll, describe, expect, test } from 'vitest';
import { BODY, fakeServer } from '../helpers/fake-server.js';

describe('H06: keys', () => {
  const { app, log } = fakeServer({ apiKeys: ['first-key', 'second-key'] });
  afterAll(() => app.close());
  const ask = (headers: Record<string, string>) => app.inject({ method: 'POST', url: '/v1/rerank', payload: BODY, headers });

  test.each([
    ['no key', {}, 'AUTH_MISSING_API_KEY'],
    ['another scheme', { authorization: 'Basic Zmlyc3Qta2V5' }, 'AUTH_MISSING_API_KEY'],
    ['the bare key', { authorization: 'first-key' }, 'AUTH_MISSING_API_KEY'],
    ['a wrong key', { authorization: 'Bearer other-key' }, 'AUTH_INVALID_API_KEY'],
    ['the beginning of one', { authorization: 'Bearer first' }, 'AUTH_INVALID_API_KEY'],
    ['one and more', { authorization: 'Bearer first-key2' }, 'AUTH_INVALID_API_KEY'],
    ['another case', { authorization: 'Bearer FIRST-KEY' }, 'AUTH_INVALID_API_KEY'],
    ['a wrong X-Api-Key', { 'x-api-key': 'x' }, 'AUTH_INVALID_API_KEY'],
  ])('%s', async (_, headers, code) => {
    const answer = await ask(headers as unknown as Record<string, string>);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(answer.json()).toMatchObject({ code });
  });

  test.each([
    { authorization: 'Bearer first-key' },
    { authorization: 'bearer second-key' },
    { authorization: 'BEARER first-key' },
    { 'x-api-key': 'second-key' },
  ])('%j is right: a scheme has no case', async (headers) => {
    expect((await ask(headers as unknown as Record<string, string>)).statusCode).toBe(200);
  });

  test('what needs a key', async () => {
    for (const url of ['/', '/health', '/health/live', '/openapi.json']) {
      expect((await app.inject({ url })).statusCode).toBe(200);
    }
    for (const url of ['/v1/models', '/metrics', '/nope']) expect((await app.inject({ url })).statusCode).toBe(401);
    const cohere = await app.inject({ method: 'POST', url: '/v2/rerank', payload: BODY });
    expect(cohere.json()).toEqual({ message: 'an API key is needed' });
  });

  test('keys are not logged', () => {
    expect(log()).not.toMatch(/first-key|other-key/);
  });
});

describe('H07: other names and other sites', () => {
  const { app } = fakeServer({ corsOrigins: ['https://good.example'], allowedHosts: ['Box.lan'] });
  afterAll(() => app.close());
  const ask = (headers: Record<string, string>, method: 'POST' | 'OPTIONS' = 'POST') =>
    app.inject({ method, url: '/v1/rerank', headers, ...(method === 'POST' ? { payload: BODY } : {}) });

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', 'evil.example:8080', '192.168.1.5'])(
    'Host: %s',
    async (host) => {
      expect((await ask({ host })).statusCode).toBe(403);
      expect((await app.inject({ url: '/', headers: { host } })).statusCode).toBe(403);
    },
  );

  test.each(['localhost:8080', 'LOCALHOST', '127.0.0.1:1', '[::1]:8080', 'box.lan'])('Host: %s is right', async (host) => {
    expect((await ask({ host })).statusCode).toBe(200);
  });

  test.each([
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'http://localhost.evil.example',
    'https://good.example.evil.example',
    'http://good.example',
  ])('Origin: %s', async (origin) => {
    for (const method of ['POST', 'OPTIONS'] as const) {
      const answer = await ask({ origin, host: 'localhost:8080', 'access-control-request-method': 'POST' }, method);
      expect(answer.statusCode).toBe(403);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test("this server's own page", async () => {
    const answer = await ask({ origin: 'http://localhost:8080', host: 'localhost:8080' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('a site that is allowed', async () => {
    const origin = 'https://good.example';
    const answer = await ask({ origin });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
    const preflight = await ask({ origin, 'access-control-request-method': 'POST' }, 'OPTIONS');
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('authorization');
    expect(preflight.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('preflight needs no key; * allows every site; any turns the check of names off', async () => {
    const open = fakeServer({ apiKeys: ['key'], corsOrigins: ['*'], allowedHosts: 'any' }).app;
    const headers = { origin: 'https://any.example', host: 'other.example', 'access-control-request-method': 'POST' };
    expect((await open.inject({ method: 'OPTIONS', url: '/v1/rerank', headers })).statusCode).toBe(204);
    expect((await open.inject({ method: 'POST', url: '/v1/rerank', headers, payload: BODY })).statusCode).toBe(401);
    await open.close();
  });
});
