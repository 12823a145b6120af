import { afterEach, expect, test } from 'vitest';
import type { LoadOptions } from '../../src/index.js';
import type { RerankApp, ServerOptions } from '../../src/server/index.js';
import { modelLog } from '../../src/server/model-log.js';
import { MODEL } from '../cli/fake-shell.js';
import { fakeServer } from '../helpers/fake-server.js';

const open: RerankApp[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

test('lines: the fetching at once and every 10 seconds, the loading every 10 seconds, the end', () => {
  const lines: unknown[] = [];
  let time = 0;
  const log = { info: (line: object, message: string) => void lines.push([time, message, line]) };
  const { progress, loaded } = modelLog(log as never, () => time);
  for (time = 0; time < 25_000; time += 100) progress('m', { stage: 'download', done: time, total: 25_000 });
  for (time = 25_000; time <= 40_000; time += 100) progress('m', { stage: 'load', done: (time - 25_000) / 15_000, total: 1 });
  loaded('m', 40_000.4);
  expect(lines).toEqual([
    [0, 'fetching the model', { model: 'm', percent: 0, bytes: 0, total: 25_000 }],
    [10_000, 'fetching the model', { model: 'm', percent: 40, bytes: 10_000, total: 25_000 }],
    [20_000, 'fetching the model', { model: 'm', percent: 80, bytes: 20_000, total: 25_000 }],
    [35_000, 'loading the model', { model: 'm', percent: 66 }],
    [40_100, 'model loaded', { model: 'm', milliseconds: 40_000 }],
  ]);
});

test('models that are loaded at the same time have lines of their own, and a second load begins anew', () => {
  const lines: string[] = [];
  const log = { info: ({ model }: { model: string }, message: string) => void lines.push(`${model}: ${message}`), error() {} };
  const { progress, failed } = modelLog(log as never, () => 0);
  const begins = (model: string) => progress(model, { stage: 'download', done: 0, total: 10 });
  for (const model of ['a', 'b', 'a', 'b']) begins(model);
  failed('a', new Error('no'));
  begins('a');
  expect(lines).toEqual(['a: fetching the model', 'b: fetching the model', 'a: fetching the model']);
});

async function started(options: ServerOptions = {}): Promise<{ log: string[]; options: LoadOptions | undefined }> {
  let seen: LoadOptions | undefined;
  const fake = fakeServer({
    load: async (_, loadOptions) => {
      seen = loadOptions;
      loadOptions.onProgress?.({ stage: 'download', done: 5, total: 10 });
      return { model: MODEL, rerank: () => Promise.reject(new Error('not here')), dispose: async () => {} };
    },
    ...options,
  });
  open.push(fake.app);
  await fake.app.loaded;
  return { log: fake.log().trim().split('\n'), options: seen };
}

test('a server writes them to its log, as JSON', async () => {
  const { log } = await started({ models: [{ name: 'good' }] });
  expect(log.map((line) => JSON.parse(line))).toMatchObject([
    { level: 30, msg: 'fetching the model', model: 'good', percent: 50, bytes: 5, total: 10 },
    { level: 30, msg: 'model loaded', model: 'good', milliseconds: expect.any(Number) },
  ]);
});

test('who watches the progress does not need it in the log', async () => {
  const onProgress = () => {};
  const { log, options } = await started({ loadOptions: { onProgress } });
  expect(options?.onProgress).toBe(onProgress);
  expect(log).toEqual([expect.stringContaining('model loaded')]);
});
