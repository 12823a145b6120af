import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryFolder } from '../../src/files/cache.js';
import { PARTIAL } from '../../src/files/download.js';
import type { HubSettings } from '../../src/files/hub/settings.js';
import { COMMIT, type FakeHub, REPOSITORY, sendBytes, sendThenDrop, sha256 } from '../helpers/fake-hub.js';
import { BYTES, blobsOf, expectBytes, FILE, hub, left, pull, WISH } from '../helpers/pull-file.js';

test('a file is fetched into the layout that all tools share', async () => {
  const server = await hub();
  const settings = server.settings();
  const { path, reported } = await pull(settings, { ...WISH, size: BYTES.length, sha256: sha256(BYTES) });
  expect(path).toBe(join(repositoryFolder(settings.cache, REPOSITORY), 'snapshots', COMMIT, FILE));
  expectBytes(path);
  if (process.platform !== 'win32') expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(left(settings)).toEqual([sha256(BYTES)]);
  expect(readFileSync(join(repositoryFolder(settings.cache, REPOSITORY), 'refs/main'), 'utf8')).toBe(COMMIT);
  expect(reported.at(-1)).toBe(BYTES.length);
  expect([...reported].sort((a, b) => a - b)).toEqual(reported);
  await pull(settings);
  expect(server.bytesSeen()).toHaveLength(1);
});

describe('D01: answers that are no success', () => {
  test.each([
    [404, {}, 'MODEL_UNKNOWN', /no such file, repository or revision/],
    [401, { 'x-error-code': 'RepoNotFound' }, 'MODEL_UNKNOWN', /private: set HF_TOKEN/],
    [401, {}, 'DOWNLOAD_GATED', /Agree to the terms at .*someone\/tiny-GGUF and set HF_TOKEN/],
    [403, { 'x-error-code': 'GatedRepo' }, 'DOWNLOAD_GATED', /Agree to the terms/],
    [418, {}, 'DOWNLOAD_FAILED', /answered 418/],
  ] as const)('%i %o is %s at once', async (status, headers, code, message) => {
    const server = await hub();
    server.onAny = (_, response) => Boolean(response.writeHead(status, headers).end());
    await expect(pull(server.settings())).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(server.seen).toHaveLength(1);
  });

  test.each([408, 429, 500, 503])('%i passes, and is tried again', async (status) => {
    const server = await hub();
    server.onAny = (_, response, count) => (count > 2 ? undefined : Boolean(response.writeHead(status).end()));
    server.onBytes = (_, response, count) => (count > 2 ? undefined : Boolean(response.writeHead(status).end()));
    const { path } = await pull(server.settings());
    expectBytes(path);
  });

  test('what does not pass is given up after a bounded number of tries', async () => {
    const server = await hub();
    server.onAny = (_, response) => Boolean(response.writeHead(503).end());
    const failed = { code: 'DOWNLOAD_FAILED', message: expect.stringMatching(/answered 503: given up after 3 failures/) };
    await expect(pull(server.settings())).rejects.toMatchObject(failed);
    expect(server.seen).toHaveLength(3);
  });

  test('Retry-After is kept to, and one that is too long is told', async () => {
    const server = await hub();
    let wait = '0';
    server.onAny = (_, response, count) =>
      count > 1 ? undefined : Boolean(response.writeHead(429, { 'retry-after': wait }).end());
    await pull(server.settings({ retry: { attempts: 3, first: 60_000, longest: 60_000 } }));
    const other = await hub();
    wait = new Date(Date.now() + 3_600_000).toUTCString();
    other.onAny = server.onAny;
    await expect(pull(other.settings())).rejects.toMatchObject({ message: expect.stringMatching(/asks to wait 3[56]\d\d s/) });
  });
});

describe('D02: connections that fail', () => {
  test('one that drops goes on where it was', async () => {
    const server = await hub();
    server.onBytes = (_, response, count) => (count > 1 ? undefined : sendThenDrop(response, BYTES, 100_000));
    const { path } = await pull(server.settings());
    expectBytes(path);
    expect(server.bytesSeen().map(({ range }) => range)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(server.bytesSeen()[1]?.ifRange).toBe(`"${sha256(BYTES).slice(0, 16)}"`);
  });

  test('one that stalls is dead after a while, before and within the body', async () => {
    const server = await hub();
    server.onAny = (_, __, count) => count === 1;
    server.onBytes = (_, response, count) => {
      if (count > 1) return undefined;
      response.writeHead(200, { etag: '"a"', 'content-length': BYTES.length });
      return response.write(BYTES.subarray(0, 50_000)) || true;
    };
    const begin = performance.now();
    const { path } = await pull(server.settings({ stall: 100 }));
    expectBytes(path);
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  test('a host that is not there, with a hint', async () => {
    const server = await hub();
    const settings = server.settings({ endpoint: new URL('https://nowhere.invalid/') });
    await expect(pull(settings)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/nowhere\.invalid: E\w+ \((is this machine offline\?|HTTPS_PROXY.*)\): given up after 3/),
    });
    const refusing = server.settings({ endpoint: new URL('http://127.0.0.1:1/') });
    await expect(pull(refusing)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/127\.0\.0\.1:1: /),
    });
  });

  test('tries are counted from the last progress', async () => {
    const server = await hub();
    const sent = [50_000, 50_000, 100_000, 100_000, 150_000, 150_000];
    server.onBytes = (request, response, count) => {
      const to = sent[count - 1];
      const [, from = 0] = /^bytes=(\d+)/.exec(request.headers.range ?? '') ?? [];
      if (to === undefined) return undefined;
      response.writeHead(Number(from) === 0 ? 200 : 206, {
        etag: `"${sha256(BYTES).slice(0, 16)}"`,
        'content-length': BYTES.length - Number(from),
        'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}`,
      });
      response.write(BYTES.subarray(Number(from), to), () => setTimeout(() => response.destroy(), 10));
      return true;
    };
    expectBytes((await pull(server.settings())).path);
  });
});

describe('D03: what does not continue is never appended', () => {
  async function interrupted(): Promise<{ server: FakeHub; settings: HubSettings }> {
    const server = await hub();
    const settings = server.settings();
    server.onBytes = (_, response, count) => {
      if (count === 1) sendThenDrop(response, BYTES, 100_000);
      else response.writeHead(503).end();
      return true;
    };
    await expect(pull(settings)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(left(settings)).toEqual([`${sha256(BYTES)}${PARTIAL}`, `${sha256(BYTES)}${PARTIAL}.etag`]);
    server.seen.length = 0;
    return { server, settings };
  }

  test('200 for a range', async () => {
    const { server, settings } = await interrupted();
    server.onBytes = (_, response) => Boolean(response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES));
    expectBytes((await pull(settings)).path);
    expect(server.bytesSeen()).toHaveLength(1);
  });

  test.each([
    ['another beginning', `bytes 5-${BYTES.length - 1}/${BYTES.length}`],
    ['another size', `bytes 0-${BYTES.length}/${BYTES.length + 1}`],
    ['none at all', undefined],
  ])('a Content-Range with %s', async (_, range) => {
    const { server, settings } = await interrupted();
    server.onBytes = (request, response) =>
      request.headers.range === undefined
        ? undefined
        : Boolean(response.writeHead(206, range ? { 'content-range': range } : {}).end(BYTES.subarray(0, 200_000)));
    expectBytes((await pull(settings)).path);
    expect(server.bytesSeen().map((seen) => seen.range !== undefined)).toEqual([true, false]);
  });

  test.each(['"another"', 'W/"weak"'])('an ETag that changed to %s', async (etag) => {
    const { server, settings } = await interrupted();
    server.onBytes = (request, response) => {
      delete request.headers['if-range'];
      sendBytes(request, response, BYTES, etag);
      return true;
    };
    expectBytes((await pull(settings)).path);
    expect(server.bytesSeen().map((seen) => seen.range !== undefined)).toEqual([true, false]);
  });

  test('416, and bytes of which nobody knows where they are from', async () => {
    const { server, settings } = await interrupted();
    server.onBytes = ({ headers }, response) => (headers.range ? Boolean(response.writeHead(416).end()) : undefined);
    expectBytes((await pull(settings)).path);

    const elsewhere = server.settings();
    mkdirSync(blobsOf(elsewhere), { recursive: true });
    writeFileSync(join(blobsOf(elsewhere), sha256(BYTES) + PARTIAL), Buffer.alloc(1000, 'x'));
    expectBytes((await pull(elsewhere)).path);
    expect(server.bytesSeen().at(-1)?.range).toBeUndefined();
  });
});

test('D06: two calls at once fetch one file once', async () => {
  const server = await hub();
  const settings = server.settings();
  const [one, two] = await Promise.all([pull(settings), pull(settings)]);
  expect(one.path).toBe(two.path);
  expect(server.bytesSeen()).toHaveLength(1);
  expect(left(settings)).toEqual([sha256(BYTES)]);
});

test('D07: until all is right there is only a partial file', async () => {
  const server = await hub();
  const settings = server.settings();
  const path = join(repositoryFolder(settings.cache, REPOSITORY), 'snapshots', COMMIT, FILE);
  const during: string[][] = [];
  server.onBytes = (request, response) => {
    during.push(left(settings).filter((name) => !name.includes('.llama-rerank.')));
    expect(existsSync(path)).toBe(false);
    sendBytes(request, response, BYTES);
    return true;
  };
  await pull(settings);
  expect(during).toEqual([[]]);
});

test('L05: a signal stops it at once, and the next call goes on', async () => {
  const server = await hub();
  const settings = server.settings();
  const controller = new AbortController();
  server.onBytes = (_, response, count) => {
    if (count > 1) return undefined;
    response.writeHead(200, { etag: `"${sha256(BYTES).slice(0, 16)}"`, 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 120_000));
    setTimeout(() => controller.abort(new Error('enough')), 100);
    return true;
  };
  const begin = performance.now();
  await expect(pull(settings, WISH, controller.signal)).rejects.toThrow('enough');
  expect(performance.now() - begin).toBeLessThan(1000);
  expect(left(settings)).toEqual([`${sha256(BYTES)}${PARTIAL}`, `${sha256(BYTES)}${PARTIAL}.etag`]);
  const { reported } = await pull(settings);
  expect(reported[0]).toBeGreaterThan(120_000);
  expect(server.bytesSeen()[1]?.range).toBe('bytes=120000-');
});
