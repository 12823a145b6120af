import { dirname } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { planDownload } from '../../src/files/download.js';
import { weights } from '../helpers/fake-hub.js';
import { BYTES, expectBytes, hub, left, pull, WISH } from '../helpers/pull-file.js';

describe('D04: something else than the file', () => {
  test.each([
    ['a web page', Buffer.from('<!DOCTYPE html><title>Sign in</title>'.padEnd(400, ' ')), /a web page/],
    ['a short web page', Buffer.from('<html>'), /a web page/],
    [
      'a Git LFS pointer',
      Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\n`),
      /Git LFS pointer/,
    ],
    ['a shorter GGUF file', BYTES.subarray(0, 1000), /1000 bytes instead of 300000/],
  ])('%s is refused before it has a name', async (_, sent, message) => {
    const server = await hub();
    const settings = server.settings();
    server.onBytes = (_request, response) => Boolean(response.writeHead(200, { 'content-length': sent.length }).end(sent));
    await expect(pull(settings)).rejects.toMatchObject({ code: 'DOWNLOAD_CORRUPT', message: expect.stringMatching(message) });
    expect(left(settings)).toEqual([]);
    expect(server.bytesSeen()).toHaveLength(1);
  });

  test('more bytes than the file has', async () => {
    const server = await hub();
    const settings = server.settings();
    server.onBytes = (_, response) => Boolean(response.writeHead(200).end(Buffer.concat([BYTES, BYTES])));
    await expect(pull(settings)).rejects.toMatchObject({ code: 'DOWNLOAD_CORRUPT' });
    expect(left(settings)).toEqual([]);
  });

  test('a server that is no Hub', async () => {
    const server = await hub();
    server.onAny = (_, response) => Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end());
    const failed = { code: 'DOWNLOAD_FAILED', message: expect.stringMatching(/is it a Hugging Face Hub/) };
    await expect(pull(server.settings())).rejects.toMatchObject(failed);
  });
});

describe('D05: a wrong hash', () => {
  test('of the bytes: deleted, and not tried again', async () => {
    const server = await hub();
    const settings = server.settings();
    server.onBytes = (_, response) => Boolean(response.end(weights(BYTES.length, 2)));
    const failed = { code: 'DOWNLOAD_CORRUPT', message: expect.stringMatching(/has not the published hash/) };
    await expect(pull(settings)).rejects.toMatchObject(failed);
    expect(left(settings)).toEqual([]);
    expect(server.bytesSeen()).toHaveLength(1);
    server.onBytes = undefined;
    expectBytes((await pull(settings)).path);
  });

  test('announced: nothing is fetched', async () => {
    const server = await hub();
    const settings = server.settings();
    await expect(pull(settings, { ...WISH, sha256: 'a'.repeat(64) })).rejects.toMatchObject({ code: 'DOWNLOAD_CORRUPT' });
    await expect(pull(settings, { ...WISH, size: 5 })).rejects.toMatchObject({ code: 'DOWNLOAD_CORRUPT' });
    expect(server.bytesSeen()).toEqual([]);
  });
});

describe('D08: redirects', () => {
  test.each([
    ['file:///etc/passwd', /file:/],
    ['ftp://127.0.0.1/x', /ftp:/],
    ['http://storage.invalid/x', /storage\.invalid/],
    ['https://[', /no address/],
  ])('to %s are refused', async (location, message) => {
    const server = await hub();
    server.onBytes = (_, response) => Boolean(response.writeHead(302, { location }).end());
    await expect(pull(server.settings())).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(message),
    });
  });

  test('without end are refused', async () => {
    const server = await hub();
    server.onBytes = (request, response) => Boolean(response.writeHead(302, { location: request.url }).end());
    await expect(pull(server.settings())).rejects.toMatchObject({ message: expect.stringMatching(/more than 8 redirects/) });
  });

  test('an https endpoint leads nowhere unencrypted, this machine included', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
      return new Response(null, { status: 302, headers: { location: 'http://127.0.0.1/x' } });
    });
    const server = await hub();
    const settings = server.settings({ endpoint: new URL('https://hub.invalid/') });
    await expect(planDownload(WISH, settings)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/only https/),
    });
    fetched.mockRestore();
  });

  test('the token goes to the endpoint and to no other host', async () => {
    const server = await hub();
    server.storage = 'localhost';
    await pull(server.settings({ env: { HF_TOKEN: 'hf_secret' } }));
    const tokens = server.seen.map(({ host, authorization }) => [host.split(':')[0], authorization]);
    expect(tokens).toEqual([
      ['127.0.0.1', 'Bearer hf_secret'],
      ['127.0.0.1', 'Bearer hf_secret'],
      ['localhost', undefined],
    ]);
  });

  test('a repository that was renamed is followed', async () => {
    const server = await hub();
    server.onAny = ({ url = '' }, response) =>
      url.includes('old-name')
        ? Boolean(response.writeHead(307, { location: url.replace('old-name', 'tiny-GGUF') }).end())
        : undefined;
    const { path } = await pull(server.settings(), { ...WISH, repository: 'someone/old-name' });
    expect(dirname(path)).toContain('models--someone--old-name');
  });
});
