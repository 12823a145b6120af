import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../../src/bulk/index.js';
import type { LoadOptions } from '../../src/index.js';
import { STARTER, tinyListwise } from '../helpers/models.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('no name is the starter model', async () => {
  const starter = await identify();
  expect(await identify(STARTER)).toEqual(starter);
  expect(starter.label).toBe('all-MiniLM-L6-v2-Q8_0.gguf (97ad691fe4c6)');
});

test.each<[string, LoadOptions, boolean]>([
  ['threads', { threads: 1 }, true],
  ['a device', { gpu: 'cpu' }, true],
  ['an option that is undefined', { pooling: undefined as never }, true],
  ['pooling', { pooling: 'cls' }, false],
  ['the share of BM25', { lexical: 0.5 }, false],
  ['a prefix', { queryPrefix: 'query: ' }, false],
  ['the size of micro-batches', { ubatchSize: 64 }, false],
])('%s: the same model? %#', async (_, options, same) => {
  const [one, other] = [await identify(STARTER), await identify(STARTER, options)];
  expect(other.digest === one.digest).toBe(same);
  expect(other.label).toBe(one.label);
});

test('the folder does not matter, the head does', async () => {
  const model = tinyListwise();
  const head = join(dirname(model), 'projector.safetensors');
  const [copy, copyOfHead] = [join(folder, basename(model)), join(folder, 'projector.safetensors')];
  copyFileSync(model, copy);
  copyFileSync(head, copyOfHead);
  expect(await identify(copy)).toEqual(await identify(model));
  expect(await identify(copy, { head })).toEqual(await identify(model));
  rmSync(copyOfHead);
  await expect(identify(copy)).rejects.toMatchObject({ code: 'MODEL_NOT_A_RERANKER' });
});

test('a file that cannot be loaded is an error before any job', async () => {
  await expect(identify(join(folder, 'none.gguf'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
});
