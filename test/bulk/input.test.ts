import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { beirFolder, checkInput, jsonLines } from '../../src/bulk/index.js';
import type { BulkInput, BulkLine } from '../../src/bulk/jobs.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulk-input-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string, name = 'jobs.jsonl'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function linesOf(input: BulkInput): Promise<BulkLine[]> {
  const lines: BulkLine[] = [];
  for await (const line of input.lines()) lines.push(line);
  return lines;
}

const GOOD = '{"id": "a", "query": "q", "documents": ["x"]}';

test('documents are strings, or objects with a text and an id', async () => {
  const documents = ['one', { text: 'two' }, { _id: 'd3', text: 'three' }, { id: 4, text: '' }];
  const input = jsonLines(file(`\n${JSON.stringify({ id: 7, query: 'q', documents, more: 1 })}\r\n${GOOD}`));
  expect(await linesOf(input)).toEqual([
    {
      line: 2,
      id: 7,
      query: 'q',
      documents: [
        { id: undefined, text: 'one' },
        { id: undefined, text: 'two' },
        { id: 'd3', text: 'three' },
        { id: 4, text: '' },
      ],
    },
    { line: 3, id: 'a', query: 'q', documents: [{ id: undefined, text: 'x' }] },
  ]);
});

test.each<[string, string, RegExp]>([
  ['no JSON', '{"id": "b", ', /other text/],
  ['no object', '["b"]', /expected a JSON object/],
  ['no id', '{"query": "q", "documents": []}', /in 'id'/],
  ['an empty id', '{"id": "", "query": "q", "documents": []}', /in 'id'/],
  ['an id that is there already', GOOD, /'a' is there twice, first in line 1/],
  ['the same id as a number', '{"id": "a", "query": "r", "documents": []}', /first in line 1/],
  ['no query', '{"id": "b", "documents": []}', /in 'query'/],
  ['a blank query', '{"id": "b", "query": " ", "documents": []}', /in 'query'/],
  ['no documents', '{"id": "b", "query": "q"}', /in 'documents'/],
  ['a document without text', '{"id": "b", "query": "q", "documents": ["x", {"body": "y"}]}', /documents\[1\]/],
  ['a document that is null', '{"id": "b", "query": "q", "documents": [null]}', /documents\[0\]/],
  [
    'an id of a document that is none',
    '{"id": "b", "query": "q", "documents": [{"id": {}, "text": "x"}]}',
    /id of documents\[0\]/,
  ],
])('%s is an error with file and line', async (_, line, message) => {
  const path = file(`${GOOD}\n\n${line}\n`);
  const checked = checkInput(jsonLines(path), { identity: '' });
  await expect(checked).rejects.toMatchObject({ code: 'DATASET_CORRUPT', message: expect.stringMatching(message) });
  await expect(checked).rejects.toThrow(`${path}:3: `);
});

test.each<[string, string, RegExp]>([
  ['an id with white space', '{"id": "a b", "query": "q", "documents": []}', /'a b'/],
  ['a document with white space in its id', '{"id": "b", "query": "q", "documents": [{"id": "c d", "text": ""}]}', /'c d'/],
  [
    'a document that is there twice',
    '{"id": "b", "query": "q", "documents": [{"id": 1, "text": ""}, "x"]}',
    /'1' is there twice/,
  ],
])('for a TREC run, %s is an error', async (_, line, message) => {
  const input = jsonLines(file(`${line}\n`));
  expect(await checkInput(input, { identity: '' })).toMatchObject({ lines: 1 });
  await expect(checkInput(input, { identity: '', trec: true })).rejects.toThrow(message);
});

test('a file that is not there', async () => {
  const checked = checkInput(jsonLines(join(folder, 'none')), { identity: '' });
  await expect(checked).rejects.toMatchObject({ code: 'DATASET_UNREADABLE' });
});

test('lines that are the same but for the id are one job', async () => {
  const same = (id: string, options = '') => `{"id": "${id}", "query": "q", "documents": ["x", "y"]${options}}\n`;
  const other = '{"id": "c", "query": "q", "documents": ["xy", ""]}\n';
  const input = jsonLines(file(same('a') + same('b') + other + same('d', ', "note": 1')));
  const checked = await checkInput(input, { identity: 'm' });
  expect(checked).toMatchObject({ lines: 4, jobs: 2, documents: 4, bytes: 6, origins: [0, 0, 2, 0] });
  const indices: number[] = [];
  for await (const { index } of checked.each(() => true)) indices.push(index);
  expect(indices).toEqual([0, 2]);
});

test('keys and content depend on model and options, not on the order of options', async () => {
  const input = jsonLines(file(GOOD));
  const content = async (identity: string, rerank: object) => (await checkInput(input, { identity, rerank })).content;
  const one = await content('m', { topN: 1, overflow: 'error' });
  expect(await content('m', { overflow: 'error', topN: 1, blockSize: undefined })).toBe(one);
  expect(await content('m', { topN: 2, overflow: 'error' })).not.toBe(one);
  expect(await content('n', { topN: 1, overflow: 'error' })).not.toBe(one);
});

test('input that changes while it is read is an error', async () => {
  const path = file(`${GOOD}\n`);
  const { each } = await checkInput(jsonLines(path), { identity: '' });
  const read = async () => {
    for await (const _ of each(() => true));
  };
  await read();
  writeFileSync(path, GOOD.replace('x', 'y'));
  await expect(read()).rejects.toThrow(/was changed/);
  writeFileSync(path, '');
  await expect(read()).rejects.toThrow(/was changed/);
});

describe("a folder in BEIR's layout", () => {
  beforeEach(() => {
    file('{"_id": "q1", "text": "one"}\n{"_id": "q2", "text": "two"}\n{"_id": "q3", "text": "three"}\n', 'queries.jsonl');
    file('{"_id": "d1", "title": "T", "text": "x"}\n{"_id": "d2", "text": "y"}\n{"_id": "d3", "text": "z"}\n', 'corpus.jsonl');
  });

  test('each query gets its best documents of the run, in the order of queries.jsonl', async () => {
    const run = file('q3 Q0 d1 1 3 t\nq1 Q0 d2 2 1.5 t\nq1 Q0 d1 1 2.5 t\nq1 Q0 d3 9 9 t\n', 'run.trec');
    const lines = await linesOf(await beirFolder(folder, run, { topK: 2 }));
    expect(lines).toEqual([
      {
        line: 1,
        id: 'q1',
        query: 'one',
        documents: [
          { id: 'd3', text: 'z' },
          { id: 'd1', text: 'T x' },
        ],
      },
      { line: 2, id: 'q3', query: 'three', documents: [{ id: 'd1', text: 'T x' }] },
    ]);
  });

  test.each([
    ['query', 'q9 Q0 d1 1 1 t\n', /query 'q9'/],
    ['document', 'q1 Q0 d9 1 1 t\n', /document 'd9'/],
  ])('a %s that is not in the folder is an error', async (_, run, message) => {
    await expect(beirFolder(folder, file(run, 'run.trec'))).rejects.toThrow(message);
  });
});
