import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeAddon } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { tinyListwise } from '../helpers/models.js';
import { fault, MODEL_OPTIONS, newContext, prompt } from '../helpers/native.js';

const Q8_0 = 7;
const folder = mkdtempSync(join(tmpdir(), 'quantize-'));

let addon: NativeAddon;
beforeAll(async () => {
  ({ addon } = await openLibrary('cpu'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('writes a smaller file that runs', async () => {
  const output = join(folder, 'small.gguf');
  await addon.quantize(tinyListwise('F16'), output, Q8_0, 2);
  expect(statSync(output).size).toBeLessThan(statSync(tinyListwise('F16')).size);
  const model = new addon.Model(output, MODEL_OPTIONS, null);
  expect((await model.load()).description).toMatch(/Q8_0/);
  const context = newContext(addon, model);
  expect((await context.run(prompt([1, 2, 3]), null)).states).toHaveLength(64);
  await context.close();
  await model.close();
});

test.each([
  ['an input that is missing', 'missing.gguf', 'a.gguf', Q8_0],
  ['an unknown type', 'tiny', 'b.gguf', 12345],
  ['an output folder that is missing', 'tiny', 'none/c.gguf', Q8_0],
])('%s rejects', async (_, input, output, type) => {
  const from = input === 'tiny' ? tinyListwise('F16') : join(folder, input);
  const { code, message } = await fault(() => addon.quantize(from, join(folder, output), type, 1));
  expect(code).toBe('NATIVE_ERROR');
  expect(message).toContain(from);
  expect(message.length).toBeGreaterThan(from.length + 2);
});
