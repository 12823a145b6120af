import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFileBelow } from '../../src/mcp/files.js';
import { rejection } from '../helpers/reranker.js';

const windows = process.platform === 'win32';
let folder: string;
let roots: string[];
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-')));
  roots = [join(folder, 'notes'), join(folder, 'more')];
  for (const name of ['notes/deep', 'more', 'notes-not']) mkdirSync(join(folder, name), { recursive: true });
  const files = {
    'secret.txt': 'secret',
    'notes-not/b.txt': 'secret',
    'notes/a.txt': 'first\n',
    'notes/deep/ü.md': 'naïve',
    'more/c.txt': '',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'notes/image.png'), Buffer.from([0x89, 0x50, 0xff]));
  writeFileSync(join(folder, 'notes/large.txt'), Buffer.alloc((1 << 20) + 1, 'a'));
  if (windows) return;
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'notes/link-out.txt'));
  symlinkSync(folder, join(folder, 'notes/up'));
  symlinkSync(join(folder, 'more/c.txt'), join(folder, 'notes/link-to-other-root.txt'));
  execFileSync('mkfifo', [join(folder, 'notes/pipe')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('files below a root, by relative and absolute paths', async () => {
  expect(await readFileBelow(roots, 'a.txt', 'f')).toBe('first\n');
  expect(await readFileBelow(roots, 'deep/../deep/ü.md', 'f')).toBe('naïve');
  expect(await readFileBelow(roots, 'c.txt', 'f')).toBe('');
  expect(await readFileBelow(roots, join(folder, 'notes/a.txt'), 'f')).toBe('first\n');
  if (!windows) expect(await readFileBelow(roots, 'link-to-other-root.txt', 'f')).toBe('');
});

test.each([
  ['above', '../secret.txt'],
  ['absolute', () => join(folder, 'secret.txt')],
  ['a folder whose name begins alike', '../notes-not/b.txt'],
  ['nowhere', 'none.txt'],
  ['the root itself', '.'],
  ['empty', ''],
  ['a zero byte', 'a.txt\0'],
  ...(windows
    ? []
    : [
        ['a link that leads out', 'link-out.txt'],
        ['a folder that leads out', 'up/secret.txt'],
      ]),
] as [string, string | (() => string)][])('elsewhere: %s', async (_, path) => {
  const given = typeof path === 'string' ? path : path();
  const error = await rejection(readFileBelow(roots, given, 'files[3]'));
  // The same words for all: whether there is a file elsewhere is not told.
  expect(error).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `files[3]: expected a file below ${roots.join(' or ')}, found none at ${given}`,
  });
});

test.each([
  ['deep', 'INVALID_ARGUMENT', /expected a file, got a folder/],
  ['image.png', 'INVALID_ARGUMENT', /not UTF-8/],
  ['large.txt', 'TEXT_TOO_LARGE', /expected at most 1048576 bytes, got 1048577/],
  ...(windows ? [] : [['pipe', 'INVALID_ARGUMENT', /folder or device/]]),
] as [string, string, RegExp][])('no text: %s', async (path, code, message) => {
  expect(await rejection(readFileBelow(roots, path, 'f'))).toMatchObject({ code, message: expect.stringMatching(message) });
});
