import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { RerankError } from '../../src/errors.js';
import type { Channel, End, Launch, LaunchOptions } from '../../src/isolate/channel.js';
import { findUtilityProcesses } from '../../src/isolate/electron.js';
import { IsolatedReranker } from '../../src/isolate/isolated.js';
import type { FromChild, ToChild } from '../../src/isolate/protocol.js';
import { serve } from '../../src/isolate/serve.js';
import type { LocalReranker } from '../../src/local.js';
import type { LoadOptions } from '../../src/types.js';
import { rejection } from '../helpers/reranker.js';

const folder = mkdtempSync(join(tmpdir(), 'isolated-'));
const file = join(folder, 'model.gguf');
afterAll(() => rmSync(folder, { recursive: true }));

/** Children in this process: `serve` with a made-up model, messages by structured clone. */
const children: { options: LaunchOptions; asked: ToChild[]; held: boolean; crash(how?: string): void }[] = [];
let loads: LoadOptions[] = [];
let load: (options: LoadOptions) => Promise<void> = async () => {};

const open = async (_model: unknown, options: LoadOptions) => {
  loads.push(options);
  await load(options);
  return {
    model: { path: file, contextSize: 100 },
    scoreKind: 'cosine',
    rules: { defaults: {}, name: 'similarity', options: [], overflows: [], embeddings: true },
    countTokens: async (texts: string[]) => texts.map(({ length }) => length),
    embedDocuments: (_texts: string[], { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
};

const launch: Launch = (options): Channel => {
  let [listener, ended] = [(_: FromChild) => {}, (_: End) => {}];
  let child = (_: ToChild) => {};
  let alive = true;
  const crash = (how = 'signal SIGSEGV') => {
    if (alive) ended({ how, lines: ['the last line'] });
    alive = false;
  };
  const self = { options, asked: [] as ToChild[], held: false, crash };
  children.push(self);
  const post = (action: () => void) => setImmediate(() => alive && action());
  serve(
    {
      send: (message) => post(() => listener(structuredClone(message))),
      onMessage: (receive) => {
        child = receive;
      },
      end: () => crash('exit code 0'),
    },
    open as unknown as typeof LocalReranker.open,
  );
  return {
    pid: 1,
    send(message) {
      self.asked.push(structuredClone(message));
      post(() => child(structuredClone(message)));
    },
    onMessage: (receive) => {
      listener = receive;
    },
    onEnd: (report) => {
      ended = report;
    },
    hold: (alive) => {
      self.held = alive;
    },
    kill: () => crash('signal SIGKILL'),
  };
};

const turn = () => new Promise(setImmediate);
const clock = { now: () => 0, sleep: async () => {} };
const start = (options: LoadOptions = {}) => IsolatedReranker.open('a-model', options, { launch, clock });

beforeEach(() => {
  children.length = 0;
  loads = [];
  load = async () => {};
  writeFileSync(file, 'a model');
});

test('this process is held only while calls wait', async () => {
  const reranker = await start();
  expect(children[0]?.held).toBe(false);
  const call = reranker.countTokens(['abc', 'd']);
  await turn();
  expect(children[0]?.held).toBe(true);
  expect(await call).toEqual([3, 1]);
  expect(children[0]?.held).toBe(false);
});

test('callbacks stay here: notices, progress, and what they throw', async () => {
  const said: unknown[] = [];
  load = async ({ onNotice, onProgress }) => {
    onNotice?.('a licence that only this test knows');
    onProgress?.({ stage: 'load', done: 1, total: 2 });
  };
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  await start({
    onNotice: (notice) => said.push(notice),
    onProgress: (progress) => {
      said.push(progress);
      throw new Error('of a callback');
    },
  });
  expect(said).toEqual(['a licence that only this test knows', { stage: 'load', done: 1, total: 2 }]);
  expect((await warned).message).toBe('a callback threw: of a callback');
});

test('a restart asks for the same model, with the context that the first load could afford', async () => {
  const reranker = await start({ threads: 3, pooling: 'cls' });
  children[0]?.crash();
  await turn();
  expect(await reranker.countTokens(['ab'])).toEqual([2]);
  const [first, second] = children.map(({ asked }) => asked[0] as Extract<ToChild, { type: 'load' }>);
  expect(second).toMatchObject({ model: 'a-model', options: { ...first?.options, contextSize: 100 } });
  expect(children[1]?.options).toEqual(children[0]?.options);
});

test('calls that come during a restart wait for one process', async () => {
  const reranker = await start();
  children[0]?.crash();
  await turn();
  expect(await Promise.all([reranker.countTokens(['a']), reranker.countTokens(['ab'])])).toEqual([[1], [2]]);
  expect(children).toHaveLength(2);
});

test('another file in the place of the first is MODEL_CHANGED', async () => {
  const reranker = await start();
  children[0]?.crash();
  await turn();
  writeFileSync(`${file}.new`, 'another');
  renameSync(`${file}.new`, file);
  expect(await rejection(reranker.countTokens(['a']))).toMatchObject({
    code: 'MODEL_CHANGED',
    message: expect.stringContaining(file),
  });
});

test('what cannot be loaded again is its own error at each call, and no crash', async () => {
  const reranker = await start();
  children[0]?.crash();
  await turn();
  load = async () => {
    throw new RerankError('MODEL_NOT_FOUND', 'it is gone');
  };
  for (let i = 0; i < 5; i++) {
    expect(await rejection(reranker.countTokens(['a']))).toMatchObject({ code: 'MODEL_NOT_FOUND', message: 'it is gone' });
  }
  load = async () => {};
  expect(await reranker.countTokens(['a'])).toEqual([1]);
});

test('N03: three crashes while it is loaded again are the end', async () => {
  const reranker = await start();
  load = async () => children.at(-1)?.crash();
  children[0]?.crash();
  await turn();
  for (let i = 0; i < 2; i++) {
    expect(await rejection(reranker.countTokens(['a']))).toMatchObject({
      code: 'WORKER_CRASHED',
      message: expect.stringMatching(/signal SIGSEGV\. Its last lines: the last line\. .*The next call starts it again\.$/),
    });
  }
  const error = (await rejection(reranker.countTokens(['a']))) as Error;
  expect(error.message).toMatch(/3 times in a row/);
  expect(error.message).not.toMatch(/next call/);
  expect(children).toHaveLength(3);
});

test('a process that cannot be started, and a message that cannot be sent', async () => {
  const failing: Launch = () => {
    throw new Error('spawn EAGAIN');
  };
  expect(await rejection(IsolatedReranker.open('a-model', {}, { launch: failing, clock }))).toMatchObject({
    code: 'WORKER_CRASHED',
    message: expect.stringContaining('the error spawn EAGAIN, before it was started'),
  });
  const mute: Launch = (options) => ({
    ...launch(options),
    send: () => {
      throw new RangeError('too long');
    },
  });
  expect(await rejection(IsolatedReranker.open('a-model', {}, { launch: mute, clock }))).toMatchObject({ message: 'too long' });
});

test('an aborted call tells the child, and dispose rejects the others', async () => {
  const reranker = await start();
  const controller = new AbortController();
  const aborted = rejection(reranker.embedDocuments(['a'], { signal: controller.signal }));
  const disposed = rejection(reranker.embedDocuments(['b']));
  await turn();
  controller.abort('enough');
  expect(await aborted).toBe('enough');
  expect(children[0]?.asked.at(-1)).toMatchObject({ type: 'abort' });
  await reranker.dispose();
  expect(await disposed).toMatchObject({ code: 'DISPOSED' });
  expect(children[0]?.asked.at(-1)).toEqual({ type: 'end' });
});

test("utility processes are for Electron's main process", async () => {
  const utilityProcess = { fork: () => {} };
  const electron = async (name: string) => (name === 'electron' ? { utilityProcess } : {});
  const versions = { electron: '40.0.0' };
  expect(await findUtilityProcesses({ type: 'browser', versions }, electron)).toBe(utilityProcess);
  expect(await findUtilityProcesses({ type: 'utility', versions }, electron)).toBeUndefined();
  expect(await findUtilityProcesses({ versions: {} }, electron)).toBeUndefined();
});
