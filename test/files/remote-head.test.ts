import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchTensors } from '../../src/files/remote-head.js';
import { readSafetensors } from '../../src/files/safetensors.js';
import { COMMIT, type FakeHub, fakeHub, sendBytes, temporary } from '../helpers/fake-hub.js';
import { safetensors } from '../helpers/safetensors.js';

const REMOTE = { repository: 'someone/tiny', revision: COMMIT, file: 'model.safetensors' };
const LARGE = { shape: [400, 500], values: Array.from({ length: 200_000 }, (_, i) => i / 7) };
const FILE = safetensors({
  'layer.0': LARGE,
  'head.weight': { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
  'layer.1': LARGE,
  'head.bias': { shape: [2], values: [0.5, -0.5] },
});
const NAMES = ['head.weight', 'head.bias'];

async function place(): Promise<{ hub: FakeHub; path: string }> {
  return { hub: await fakeHub({ 'model.safetensors': FILE }), path: join(temporary(), 'a/head.safetensors') };
}

test('only the header and the head of a large file are fetched', async () => {
  const { hub, path } = await place();
  await fetchTensors(REMOTE, NAMES, path, hub.settings());
  const tensors = await readSafetensors(path);
  expect([...tensors.keys()]).toEqual(NAMES);
  expect(tensors.get('head.weight')).toEqual({ shape: [2, 3], values: new Float32Array([1, 2, 3, 4, 5, 6]) });
  expect(tensors.get('head.bias')).toEqual({ shape: [2], values: new Float32Array([0.5, -0.5]) });
  const ranges = hub.bytesSeen().map(({ range = '' }) => /^bytes=(\d+)-(\d+)$/.exec(range)?.slice(1).map(Number) ?? []);
  const asked = ranges.reduce((sum, [from = Number.NaN, to = Number.NaN]) => sum + to - from + 1, 0);
  expect(asked).toBeLessThan(FILE.length / 10);
  expect(readdirSync(join(path, '..'))).toEqual(['head.safetensors']);
});

test('a header that is longer than the first request', async () => {
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`layer.${i}`, { shape: [1], values: [i] }]));
  const hub = await fakeHub({ 'model.safetensors': safetensors({ ...many, a: { shape: [1], values: [42] } }) });
  const path = join(temporary(), 'head');
  await fetchTensors(REMOTE, ['a'], path, hub.settings());
  expect((await readSafetensors(path)).get('a')?.values).toEqual(new Float32Array([42]));
});

test('connections that drop are tried again', async () => {
  const { hub, path } = await place();
  hub.onBytes = (request, response, count) => {
    if (count % 2 === 0) return undefined;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    response.writeHead(206, { etag: '"x"', 'content-range': `bytes ${from}-${to}/${FILE.length}`, 'content-length': 10_000 });
    response.write('a', () => setTimeout(() => response.destroy(), 5));
    return true;
  };
  // The ETag of the failed answers is another one: a file that changed meanwhile.
  await expect(fetchTensors(REMOTE, NAMES, path, hub.settings())).rejects.toMatchObject({
    message: expect.stringMatching(/changed on/),
  });
  hub.onBytes = (_, response, count) => (count % 2 === 0 ? undefined : Boolean(response.writeHead(503).end()));
  await fetchTensors(REMOTE, NAMES, path, hub.settings());
  expect(existsSync(path)).toBe(true);
});

const html = Buffer.from('<!DOCTYPE html>'.padEnd(2000, 'x'));
test.each([
  ['a server without ranges', 'DOWNLOAD_FAILED', /no parts of files/, (_: FakeHub, bytes: Buffer) => bytes],
  ['a web page', 'DOWNLOAD_CORRUPT', /no safetensors file/, () => html],
  [
    'a file without the tensor',
    'DOWNLOAD_CORRUPT',
    /no tensor head\.weight/,
    () => safetensors({ a: { shape: [1], values: [1] } }),
  ],
  [
    'values that are not finite',
    'DOWNLOAD_CORRUPT',
    /not finite/,
    () => safetensors({ 'head.weight': { shape: [1], values: [Number.NaN] }, 'head.bias': { shape: [1], values: [1] } }),
  ],
] as const)('%s', async (name, code, message, make) => {
  const { hub, path } = await place();
  const bytes = make(hub, FILE);
  hub.onBytes = (request, response) => {
    if (name.includes('without ranges')) delete request.headers.range;
    sendBytes(request, response, bytes);
    return true;
  };
  await expect(fetchTensors(REMOTE, NAMES, path, hub.settings())).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
  expect(existsSync(path)).toBe(false);
});

test('a repository that is gated', async () => {
  const { hub, path } = await place();
  hub.onAny = (_, response) => Boolean(response.writeHead(403).end());
  await expect(fetchTensors(REMOTE, NAMES, path, hub.settings())).rejects.toMatchObject({ code: 'DOWNLOAD_GATED' });
});
