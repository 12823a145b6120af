import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeModel } from '../../scripts/model/make.mjs';
import { loadAddon, type NativeAddon } from '../../src/engine/addon.js';
import { type LoadOptions, Reranker } from '../../src/index.js';
import { STARTER, tinyListwise } from '../helpers/models.js';
import { rejection, scores } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = ['Bees collect nectar.', 'Honey keeps for years.', 'The train was late.'];
const TINY = tinyListwise();
const OPTIONS: LoadOptions = { gpu: 'cpu', threads: 1, head: join(dirname(TINY), 'projector.safetensors') };
const windows = process.platform === 'win32';

let folder: string;
let expected: number[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
  expected = await ranked(TINY);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (path: string, options: LoadOptions = {}) => Reranker.load(path, { ...OPTIONS, ...options });

async function ranked(path: string, options: LoadOptions = {}): Promise<number[]> {
  const reranker = await load(path, options);
  try {
    return scores(await reranker.rerank(QUERY, DOCUMENTS));
  } finally {
    await reranker.dispose();
  }
}

/** A copy of the tiny model, of its own name. */
function copy(source = TINY): string {
  const path = join(mkdtempSync(join(folder, 'a-')), 'm.gguf');
  copyFileSync(source, path);
  return path;
}

async function expectRefused(path: string, code: string, message: RegExp, options: LoadOptions = {}): Promise<void> {
  const begin = performance.now();
  expect(await rejection(load(path, options))).toMatchObject({
    name: 'RerankError',
    code,
    message: expect.stringMatching(message),
  });
  expect(performance.now() - begin).toBeLessThan(500);
}

describe.skipIf(windows)('F01, F02: what is no file is refused at once', () => {
  test.skipIf(process.getuid?.() === 0)('F01: a file without permission', async () => {
    const path = copy();
    execFileSync('chmod', ['000', path]);
    await expectRefused(path, 'MODEL_UNREADABLE', /cannot open .*m\.gguf/);
  });

  test('F02: a named pipe, a device, a socket', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const socket = join(folder, 'socket');
    const server = createServer().listen(socket);
    for (const path of [pipe, '/dev/zero', '/dev/null', socket])
      await expectRefused(path, 'MODEL_NOT_REGULAR', /is not a regular file/);
    server.close();
  });
});

test('F18: weights that are NaN give an error at the first call, and never a score', async () => {
  const { model } = await makeModel({
    output: join(folder, 'nan.gguf'),
    projector: join(folder, 'nan.safetensors'),
    tiny: true,
    nan: true,
  });
  const reranker = await load(model, { head: join(folder, 'nan.safetensors') });
  expect(await rejection(reranker.rerank(QUERY, DOCUMENTS))).toMatchObject({ code: 'NON_FINITE' });
  await reranker.dispose();
});

/** Runs `act` when the file has been checked and the addon is about to get it. */
async function beforeNative(act: () => void, work: () => Promise<unknown>): Promise<void> {
  const addon = loadAddon() as { Model: NativeAddon['Model'] };
  const Original = addon.Model;
  addon.Model = class extends Original {
    constructor(...parameters: ConstructorParameters<NativeAddon['Model']>) {
      act();
      super(...parameters);
    }
  };
  try {
    await work();
  } finally {
    addon.Model = Original;
  }
}

/** Frees a name; the file that had it lives on. */
function renamedAway(path: string): string {
  renameSync(path, `${path}.old`);
  return path;
}

describe.skipIf(windows)('F21: the file that was checked is the one that is loaded', () => {
  const act: [what: string, act: (path: string) => void][] = [
    ['replaced by another model', (path) => renameSync(copy(STARTER), path)],
    ['replaced by rubbish', (path) => writeFileSync(renamedAway(path), 'GGUF rubbish')],
    ['deleted', (path) => unlinkSync(path)],
  ];
  test.each(act)('when it is %s between check and load', async (_, change) => {
    const path = copy();
    await beforeNative(
      () => change(path),
      async () => expect(await ranked(path)).toEqual(expected),
    );
  });

  test('when it is cut or written to between check and load, that is an error', async () => {
    const cut = copy();
    await beforeNative(
      () => truncateSync(cut, 300_000),
      () => expectRefused(cut, 'MODEL_LOAD_FAILED', /not within the file bounds/),
    );
    const written = copy();
    await beforeNative(
      () => writeFileSync(written, readFileSync(written).fill(0, 900_000)),
      () => expectRefused(written, 'MODEL_CHANGED', /was written to while it was in use/),
    );
    expect(await ranked(copy())).toEqual(expected);
  });
});

describe.skipIf(windows)('F22: a file that changes while it is loaded', () => {
  test('has no effect: it was read', async () => {
    for (const change of [
      (path: string) => truncateSync(path, 100),
      (path: string) => writeFileSync(path, Buffer.alloc(1_000_000)),
    ]) {
      const path = copy();
      const reranker = await load(path);
      change(path);
      expect(scores(await reranker.rerank(QUERY, DOCUMENTS))).toEqual(expected);
      await reranker.dispose();
    }
  });

  test('is MODEL_CHANGED where it is mapped, and does not end the process', async () => {
    for (const [change, message] of [
      [(path: string) => truncateSync(path, 100), /was resized from \d+ to 100 bytes/],
      [(path: string) => writeFileSync(path, Buffer.alloc(10), { flag: 'r+' }), /was written to/],
    ] as const) {
      const path = copy();
      // So that writing to it changes its time, however coarse the file system's clock is.
      utimesSync(path, 1, 1);
      const reranker = await load(path, { mmap: true });
      expect(scores(await reranker.rerank(QUERY, DOCUMENTS))).toEqual(expected);
      change(path);
      const expectedError = { code: 'MODEL_CHANGED', message: expect.stringMatching(message) };
      for (let i = 0; i < 2; i++) expect(await rejection(reranker.rerank(QUERY, DOCUMENTS))).toMatchObject(expectedError);
      await reranker.dispose();
    }
  });

  test('a mapped file that another replaces under its name stays what it is', async () => {
    const path = copy();
    const reranker = await load(path, { mmap: true });
    renameSync(copy(STARTER), path);
    expect(scores(await reranker.rerank(QUERY, DOCUMENTS))).toEqual(expected);
    await reranker.dispose();
  });
});

test('mapped or read, the scores are the same, and no descriptor stays open', async () => {
  const { readdirSync } = await import('node:fs');
  const open = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
  const before = open();
  for (const mmap of [true, false]) expect(await ranked(copy(), { mmap })).toEqual(expected);
  const [one, two] = await Promise.all([load(TINY, { mmap: true }), load(TINY, { mmap: true })]);
  await one.dispose();
  expect(scores(await two.rerank(QUERY, DOCUMENTS))).toEqual(expected);
  await two.dispose();
  await rejection(load(copy(), { head: join(folder, 'none') }));
  expect(open()).toBeLessThanOrEqual(before);
});

test('F23: a path longer than 260 characters works, one in an archive gets a hint', async () => {
  const long = join(folder, ...Array.from({ length: 6 }, (_, i) => `${i}${'x'.repeat(60)}`));
  if (!windows) {
    mkdirSync(long, { recursive: true });
    copyFileSync(TINY, join(long, 'm.gguf'));
    expect(await ranked(join(long, 'm.gguf'))).toEqual(expected);
  }
  await expectRefused(join(folder, 'app.asar', 'models', 'm.gguf'), 'MODEL_NOT_FOUND', /asarUnpack/);
});

describe('F24: the sha256 of the file', () => {
  const sha256 = createHash('sha256').update(readFileSync(TINY)).digest('hex');

  test('that is right lets it load, in capitals too', async () => {
    expect(await ranked(TINY, { sha256 })).toEqual(expected);
    expect(await ranked(TINY, { sha256: sha256.toUpperCase() })).toEqual(expected);
  });

  test('that is another is refused before any native call', async () => {
    const called = vi.fn();
    const path = copy();
    const changed = readFileSync(path);
    changed[changed.length - 100] = (changed[changed.length - 100] as number) ^ 1;
    writeFileSync(path, changed);
    await beforeNative(called, () => expectRefused(path, 'MODEL_HASH_MISMATCH', new RegExp(`expected ${sha256}`), { sha256 }));
    expect(called).not.toHaveBeenCalled();
  });

  test('stops when the load is aborted', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    expect(await rejection(load(TINY, { sha256, signal }))).toMatchObject({ message: 'stop' });
  });
});
