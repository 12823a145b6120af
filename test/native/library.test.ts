import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type OpenLibrary, openLibrary } from '../../src/engine/library.js';
import { addonFile, fault } from '../helpers/native.js';

const platform = `${process.platform}-${process.arch}`;
const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'library-')));

let library: OpenLibrary;
/** Names of its libllama, libggml and libggml-base. */
let files: [llama: string, ggml: string, base: string];
beforeAll(async () => {
  library = await openLibrary('cpu');
  const names = readdirSync(library.folder).filter((name) => /\.(so|dylib|dll)$/.test(name));
  files = [/^(lib)?llama\b(?!-)/, /^(lib)?ggml\b(?!-)/, /^(lib)?ggml-base\b/].map((pattern) =>
    names.find((name) => pattern.test(name)),
  ) as typeof files;
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

test('an accepted release, from an absolute folder, with a processor', () => {
  expect(library.release).toMatch(/^0\.[45]\.0$/);
  expect(isAbsolute(library.folder)).toBe(true);
  const cpu = library.devices.filter(({ type }) => type === 'cpu');
  expect(cpu).toEqual([expect.objectContaining({ name: 'CPU', backend: 'CPU', description: expect.stringMatching(/\w/) })]);
  expect(cpu[0]?.memoryTotal).toBeGreaterThan(2 ** 28);
  expect(cpu[0]?.memoryFree).toBeLessThanOrEqual(cpu[0]?.memoryTotal as number);
});

test('opening the same folder again is the same, whatever it is called; another folder is a conflict', async () => {
  const { addon, folder, release } = library;
  const link = join(temporary, 'link');
  symlinkSync(folder, link, 'junction');
  for (const same of [folder, join(folder, '/'), link]) expect(addon.openLibrary(same, ...files)).toEqual({ folder, release });
  const { code, message } = await fault(() => addon.openLibrary(temporary, ...files));
  expect(code).toBe('LIBRARY_CONFLICT');
  expect(message).toContain(folder);
  expect(message).toContain(temporary);
});

test('N08: a process that holds another llama.cpp is refused, with both paths', () => {
  const other = join(temporary, 'other');
  cpSync(library.folder, other, { recursive: true });
  // A second addon, as that of another package would be, with its own copy of the libraries.
  const first = join(temporary, 'first.node');
  copyFileSync(addonFile(), first);
  const script = `
    const [first, other, second, folder, ...files] = process.argv.slice(1);
    console.log(require(first).openLibrary(other, ...files).folder);
    try { require(second).openLibrary(folder, ...files); } catch ({ code, message }) { console.log(code, message); }`;
  const argv = ['-e', script, first, other, addonFile(), library.folder, ...files];
  const output = execFileSync(process.execPath, argv, { encoding: 'utf8' }).split('\n');
  expect(output[0]).toBe(other);
  expect(output[1]).toMatch(/^LIBRARY_CONFLICT .*a process of its own$/);
  expect(output[1]).toContain(join(other, files[2]));
  expect(output[1]).toContain(library.folder);
});

/** The modules anew, as in a process that has loaded nothing yet. */
async function open(): Promise<OpenLibrary> {
  vi.resetModules();
  const { openLibrary } = await import('../../src/engine/library.js');
  return await openLibrary('cpu');
}

function place(name: string, content: string | Buffer): string {
  const path = join(temporary, name);
  writeFileSync(path, content);
  return path;
}

/** The addon as if compiled for a processor that does not exist. */
function foreign(): Buffer {
  const content = readFileSync(addonFile());
  // e_machine of ELF, the CPU type of Mach-O, the machine of PE, whose header's place is at 0x3c.
  const at = process.platform === 'linux' ? 18 : process.platform === 'darwin' ? 4 : content.readUInt32LE(0x3c) + 4;
  content.writeUInt16LE(0x1111, at);
  return content;
}

describe('N08: an addon that cannot be loaded: platform, path and fix', () => {
  test.each([
    ['is missing', () => join(temporary, 'missing.node')],
    ['is no library', () => place('text.node', 'this is text')],
    ['is for another processor', () => place('foreign.node', foreign())],
    ['is no addon', () => place('base.node', readFileSync(join(library.folder, files[2])))],
  ])('one that %s', async (_, file) => {
    const path = file();
    vi.stubEnv('LLAMA_RERANK_ADDON', path);
    const { code, message } = await fault(open);
    expect(code).toBe('NATIVE_LOAD_FAILED');
    for (const part of [platform, `Tried ${path}: `, 'Check LLAMA_RERANK_ADDON']) expect(message).toContain(part);
  });
});

describe('N08: libraries that cannot be loaded: platform, path and fix', () => {
  test.each([
    ['that is missing', () => join(temporary, 'none')],
    ['without libraries', () => temporary],
  ])('a folder %s', async (_, folder) => {
    vi.stubEnv('LLAMA_RERANK_LIBRARY_PATH', folder());
    const { code, message } = await fault(open);
    expect(code).toBe('NATIVE_LOAD_FAILED');
    for (const part of [
      platform,
      `Tried: ${folder()} (LLAMA_RERANK_LIBRARY_PATH)`,
      'must hold libllama, libggml and libggml-base',
    ])
      expect(message).toContain(part);
  });

  test('a file that is no library, in a process of its own', () => {
    const folder = join(temporary, 'broken');
    mkdirSync(folder);
    for (const file of files) writeFileSync(join(folder, file), 'this is text');
    const script = `
      const [addon, ...argv] = process.argv.slice(1);
      try { require(addon).openLibrary(...argv); } catch ({ code, message }) { console.log(code, message); }`;
    const output = execFileSync(process.execPath, ['-e', script, addonFile(), folder, ...files], { encoding: 'utf8' });
    expect(output).toMatch(/^NATIVE_LOAD_FAILED /);
    expect(output).toContain(join(folder, files[2]));
  });
});
