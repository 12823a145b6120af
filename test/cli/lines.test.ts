import { expect, test } from 'vitest';
import { decode, splitLines } from '../../src/cli/lines.js';

async function* each<T>(values: T[]): AsyncGenerator<T> {
  yield* values;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

const cases: [title: string, chunks: string[], lines: string[]][] = [
  ['a final line break adds no line', ['a\nb\n'], ['a', 'b']],
  ['no final line break', ['a\nb'], ['a', 'b']],
  ['empty lines keep their place', ['a\n\nb\n'], ['a', '', 'b']],
  ['one empty line at the end is left out', ['a\n\n'], ['a']],
  ['of several at the end, one is left out', ['a\n\n\n'], ['a', '']],
  ['nothing', [''], []],
  ['one line break', ['\n'], []],
  ['an empty first line', ['\na'], ['', 'a']],
  ['Windows line ends, cut in two', ['a\r', '\nb\r\n'], ['a', 'b']],
  ['a line in many chunks', ['ab', 'c', '', 'd\ne', 'f'], ['abcd', 'ef']],
  ['other line separators belong to the text', ['a\u2028b\u2029c\rd\n'], ['a\u2028b\u2029c\rd']],
];

test.each(cases)('splits lines: %s', async (_, chunks, lines) => {
  expect(await collect(splitLines(each(chunks)))).toEqual(lines);
});

test('a long line in many chunks takes linear time', async () => {
  const chunks = Array.from({ length: 800 }, () => 'x'.repeat(65_536));
  const start = performance.now();
  const lines = await collect(splitLines(each(chunks)));
  expect(lines.map((line) => line.length)).toEqual([800 * 65_536]);
  expect(performance.now() - start).toBeLessThan(2000);
});

test('decodes characters that are cut by a chunk, and drops the byte order mark', async () => {
  const bytes = Buffer.from('\ufeffé日😀');
  const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
  expect((await collect(decode(each(chunks), 'x'))).join('')).toBe('é日😀');
});

test.each([
  ['Latin-1', Buffer.from('caf\u00e9', 'latin1')],
  ['UTF-16', Buffer.from('\ufeffhello', 'utf16le')],
  ['cut in a character', Buffer.from('é').subarray(0, 1)],
])('refuses bytes that are not UTF-8: %s', async (_, bytes) => {
  await expect(collect(decode(each([bytes]), 'a.pdf'))).rejects.toThrow(/^a\.pdf is not UTF-8 text/);
});

test('refuses zero bytes', async () => {
  await expect(collect(decode(each([Buffer.from('a\0b')]), 'a.bin'))).rejects.toThrow(/zero bytes/);
});
