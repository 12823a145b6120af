import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type InputFormat, readDocuments, readText } from '../../src/cli/documents.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'documents-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function read(sources: string[], options: { format?: InputFormat; field?: string; stdin?: string } = {}) {
  const stdin = Readable.from([Buffer.from(options.stdin ?? '')]);
  const signal = new AbortController().signal;
  return readDocuments(sources, { format: options.format, field: options.field ?? 'text', stdin, signal });
}

test('a file is a document with its path as id, without the final line break', async () => {
  const a = file('a.txt', 'one\ntwo\n');
  const b = file('b.md', 'three');
  expect(await read([a, b])).toEqual([
    { id: a, text: 'one\ntwo' },
    { id: b, text: 'three' },
  ]);
});

test('a line of stdin is a document; empty lines keep the indices honest', async () => {
  expect(await read(['-'], { stdin: 'a\n\nb\n\n' })).toEqual([{ text: 'a' }, { text: '' }, { text: 'b' }]);
});

test('a line of .jsonl and .ndjson is a record, with its id', async () => {
  const a = file('a.jsonl', '{"id":"x","text":"one"}\n{"id":7,"text":"two","more":[]}\n');
  const b = file('b.NDJSON', '{"text":"three","id":null}');
  expect(await read([a, b])).toEqual([{ id: 'x', text: 'one' }, { id: 7, text: 'two' }, { text: 'three' }]);
});

test('--input overrides what the name says', async () => {
  const a = file('a.jsonl', 'x\ny\n');
  expect(await read([a], { format: 'line' })).toEqual([{ text: 'x' }, { text: 'y' }]);
  expect(await read([a], { format: 'file' })).toEqual([{ id: a, text: 'x\ny' }]);
  expect(await read(['-'], { format: 'file', stdin: 'x\ny\n' })).toEqual([{ text: 'x\ny' }]);
  expect(await read(['-'], { format: 'jsonl', stdin: '{"text":"x"}' })).toEqual([{ text: 'x' }]);
});

test('--field leads into nested objects; a field of the very name wins', async () => {
  const stdin = '{"a":{"b":"deep"}}\n{"a.b":"flat","a":{"b":"deep"}}\n';
  expect(await read(['-'], { format: 'jsonl', field: 'a.b', stdin })).toEqual([{ text: 'deep' }, { text: 'flat' }]);
});

test.each([
  ['{"text":"a"}\n{"text":"b",}\n', 'stdin:2:13: not JSON: expected a name in double quotes, but found "}"'],
  ['{"text":"a"}\n\n{"text":"b"}\n', 'stdin:2:1: not JSON: expected a value, but the line ends'],
  ['{"é日😀":x}', 'stdin:1:8: not JSON: expected a value, but found "x"'],
  [
    '{"text":"a}',
    'stdin:1:9: not JSON: expected a value, but found a string that is not closed, or that holds a control character or an unknown escape',
  ],
  ['hello', 'stdin:1:1: not JSON: expected a value, but found "h"'],
  ['["a"]', 'stdin:1:1: expected an object such as {"text": "..."}, found an array'],
  ['null', 'stdin:1:1: expected an object such as {"text": "..."}, found null'],
  ['{"body":"a","n":1}', 'stdin:1:1: the object has no field "text"; its fields: body, n (--field chooses)'],
  ['{"text":5}', 'stdin:1:1: the object has a number in field "text", not a string; its fields: text (--field chooses)'],
  ['{}', 'stdin:1:1: the object has no field "text"; its fields: none (--field chooses)'],
])('names the place of an error: %j', async (stdin, message) => {
  await expect(read(['-'], { format: 'jsonl', stdin })).rejects.toMatchObject({ code: 'INVALID_INPUT', message });
});

test('names of Object.prototype are no fields', async () => {
  await expect(read(['-'], { format: 'jsonl', field: 'constructor.name', stdin: '{}' })).rejects.toThrow(/no field/);
});

test('says what is wrong with a path', async () => {
  await expect(read([folder])).rejects.toThrow(`${folder} is a folder: name its files, for example ${folder}/*.txt`);
  await expect(read([join(folder, 'none')])).rejects.toThrow(/^there is no file .*none$/);
  await expect(read([join(folder, '*.txt')])).rejects.toThrow(/shell has put no names/);
  await expect(read([file('a.pdf', Buffer.from('%PDF-1.7\n%\xe2\xe3', 'latin1'))])).rejects.toThrow(/a\.pdf is not UTF-8 text/);
});

test('stops at a million documents and at 256 MiB, before memory runs out', async () => {
  await expect(read(['-'], { stdin: 'y\n'.repeat(1_000_001) })).rejects.toThrow(/more than 1000000 documents/);
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  const stdin = Readable.from(Array.from({ length: 257 }, () => megabyte));
  const options = { field: 'text', format: undefined, stdin, signal: new AbortController().signal };
  await expect(readDocuments(['-'], options)).rejects.toThrow(/larger than 256 MiB/);
  expect(stdin.destroyed).toBe(true);
});

test('an abort ends the reading of a stdin that says nothing', async () => {
  const controller = new AbortController();
  const stdin = new Readable({ read() {} });
  const reading = readText('-', { stdin, signal: controller.signal });
  controller.abort();
  await expect(reading).rejects.toThrow();
  expect(stdin.destroyed).toBe(true);
});
