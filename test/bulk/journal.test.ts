import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../../src/bulk/index.js';
import { Journal } from '../../src/bulk/journal.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulk-journal-'));
  path = join(folder, 'out.journal');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RUN = { model: 'm', rerank: { topN: 2 } };
const outcome = (score: number): Outcome => ({ results: [{ index: 0, score }] });
const FAILED: Outcome = { error: { code: 'TEXT_TOO_LARGE', message: 'é'.repeat(100) } };

async function closedWith(...entries: [number, Outcome][]): Promise<void> {
  const journal = await Journal.open(path, RUN, 4);
  for (const [index, each] of entries) await journal.add(index, each);
  await journal.close();
}

test('keeps outcomes in any order, and gives each back', async () => {
  await closedWith([2, outcome(0.1)], [0, outcome(-1 / 3)]);
  const journal = await Journal.open(path, RUN, 4);
  expect([journal.done, ...[0, 1, 2, 3].map((i) => journal.has(i))]).toEqual([2, true, false, true, false]);
  await journal.add(1, outcome(0.5));
  expect(await Promise.all([0, 1, 2].map((i) => journal.read(i)))).toEqual([-1 / 3, 0.5, 0.1].map(outcome));
  await journal.remove();
  expect(existsSync(path)).toBe(false);
});

test('a last line without its end is dropped, and the next one stands in its place', async () => {
  await closedWith([0, outcome(0.25)]);
  const before = readFileSync(path, 'utf8');
  appendFileSync(path, '[1,{"results":[{"ind');
  const journal = await Journal.open(path, RUN, 4);
  expect(journal.has(1)).toBe(false);
  await journal.add(1, outcome(0.75));
  expect(readFileSync(path, 'utf8')).toBe(`${before}[1,${JSON.stringify(outcome(0.75))}]\n`);
  expect(await journal.read(1)).toEqual(outcome(0.75));
  await journal.close();
});

test('a fingerprint without its end is written anew', async () => {
  writeFileSync(path, '{"bulk":1,"mo');
  const journal = await Journal.open(path, RUN, 4);
  await journal.close();
  expect(readFileSync(path, 'utf8')).toBe('{"bulk":1,"model":"m","rerank":{"topN":2}}\n');
});

test('jobs that failed in an earlier run are to be done again; the last outcome counts', async () => {
  await closedWith([0, FAILED], [1, FAILED]);
  const second = await Journal.open(path, RUN, 4);
  expect([second.done, second.has(0), second.has(1)]).toEqual([0, false, false]);
  await second.add(1, outcome(0.5));
  await second.add(0, FAILED);
  expect([second.done, second.has(0)]).toEqual([2, true]);
  expect(await second.read(0)).toEqual(FAILED);
  await second.close();
  const third = await Journal.open(path, RUN, 4);
  expect([third.done, third.has(0), third.has(1)]).toEqual([1, false, true]);
  expect(await third.read(1)).toEqual(outcome(0.5));
  await third.close();
});

test('a journal of another run is refused, and stays as it is', async () => {
  await closedWith([0, outcome(1)]);
  const before = readFileSync(path);
  const opening = Journal.open(path, { ...RUN, model: 'other' }, 4);
  await expect(opening).rejects.toMatchObject({ code: 'JOURNAL_MISMATCH', message: expect.stringContaining('model') });
  expect(readFileSync(path)).toEqual(before);
});

test.each([
  ['other text', 'hello'],
  ['an index that is too large', '[4,{"results":[]}]'],
])('%s is an error with the line', async (_, line) => {
  await closedWith([0, outcome(1)]);
  appendFileSync(path, `${line}\n`);
  await expect(Journal.open(path, RUN, 4)).rejects.toThrow(`${path}:3: expected a line of a journal`);
});

test('another process that writes to it shows', async () => {
  const journal = await Journal.open(path, RUN, 4);
  appendFileSync(path, `[3,${JSON.stringify(outcome(1))}]\n`);
  await journal.add(0, outcome(0.5));
  await expect(journal.read(0)).rejects.toThrow(/another run/);
  await journal.close();
});
