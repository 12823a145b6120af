import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isPacked, unpacked } from '../../src/files/asar.js';
import { resolveModel } from '../../src/files/resolve.js';

const folder = mkdtempSync(join(tmpdir(), 'llama-rerank-asar-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'app.asar.unpacked', 'gguf'), { recursive: true });
const beside = join(folder, 'app.asar.unpacked', 'gguf', 'model.gguf');
writeFileSync(beside, '');

test.each([
  ['is unpacked', join(folder, 'app.asar', 'gguf', 'model.gguf'), beside],
  ['is named by its unpacked path', beside, beside],
  ['was not unpacked', join(folder, 'app.asar', 'gguf', 'other.gguf'), undefined],
  ['is in no archive', join(folder, 'gguf', 'model.gguf'), undefined],
  ['only ends like an archive', join(folder, 'model.asar'), undefined],
])('F23: a file that %s', async (_, path, expected) => {
  expect(unpacked(path)).toBe(expected ?? path);
  if (path.endsWith('.gguf')) expect((await resolveModel(path)).path).toBe(expected ?? path);
});

test.each([
  ['/a/app.asar/x', true],
  ['C:\\app.asar\\x', true],
  ['/a/app.asar.unpacked/x', false],
  ['/a/app.asar', false],
])('%s: %s', (path, packed) => {
  expect(isPacked(path)).toBe(packed);
});
