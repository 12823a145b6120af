import { expect, test } from 'vitest';
import { rankTable } from '../../src/cli/table.js';
import { displayWidth } from '../../src/cli/width.js';
import type { RerankResult } from '../../src/index.js';

type Entry = [score: number, text: string, id?: string | number, truncated?: boolean];

function results(...entries: Entry[]): RerankResult<{ id?: string | number; text: string }>[] {
  return entries.map(([relevanceScore, text, id, truncated], index) => ({
    index,
    relevanceScore,
    document: id === undefined ? { text } : { id, text },
    truncated: truncated ?? false,
  }));
}

const plain = { columns: 80, color: false, fullText: false };

test('shows rank, score, bar, name without the shared folder, and the beginning of the text', () => {
  const table = rankTable(
    results(
      [0.8, 'First\n\nline', 'docs/a/one.txt'],
      [0.4, 'Second', 'docs/b/two.txt', true],
      [-0.2, 'Third', 'docs/b/three.txt'],
    ),
    plain,
  );
  expect(table.split('\n')).toEqual([
    ' #    score              document     text',
    ' 1   0.8000  ██████████  a/one.txt    First line',
    ' 2   0.4000  ██████      b/two.txt    * Second',
    ' 3  -0.2000              b/three.txt  Third',
    '',
  ]);
});

test('shows the index where no document has a name', () => {
  expect(rankTable(results([0.5, 'a']), plain)).toBe(' #    score              index  text\n 1   0.5000  ██████████  0      a\n');
});

const bars: [title: string, scores: number[], fractions: number[]][] = [
  ['from 0 to the best, so that near scores look near', [0.5, 0.499, 0.25, 0], [10, 10, 5, 0]],
  ['from the lowest if that is negative', [0.5, 0, -0.5], [10, 5, 0]],
  ['up to 0 if all are negative', [-0.08, -0.2, -0.4], [8, 5, 0]],
  ['nowhere if all are 0', [0, 0], [0, 0]],
  ['nowhere for one that is negative', [-0.3], [0]],
  ['over all of the cosine', [1, -1], [10, 0]],
];
test.each(bars)('bars run %s', (_, scores, fractions) => {
  const lines = rankTable(results(...scores.map((score): Entry => [score, 'x'])), plain)
    .split('\n')
    .slice(1, -1);
  expect(lines.map((line) => [...line].filter((character) => character === '█').length)).toEqual(fractions);
});

test.each([20, 40, 60, 80, 140])('no line is wider than %i columns, in any script', (columns) => {
  const texts = ['plain text '.repeat(30), '日本語のテキスト'.repeat(30), '👩‍👩‍👧‍👦🇩🇪 ❤️ '.repeat(30), 'e\u0301'.repeat(300)];
  const entries = texts.flatMap((text): Entry[] => [
    [0.5, text, `folder/${text.slice(0, 50)}`],
    [0.1, text, text, true],
  ]);
  const lines = rankTable(results(...entries), { ...plain, columns }).split('\n');
  // Rank, score, bar and a name are shown even where they do not fit.
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(columns, 40));
  expect(lines).toHaveLength(10);
});

test('colours only when asked; documents cannot bring their own', () => {
  const entries = results([0.9, '\u001b[31mred\u001b[0m\u0007', 'a\u001b[2Jb'], [0.1, '\u009b31mx']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const codes = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
  expect(rankTable(entries, plain)).not.toMatch(codes);
  expect(rankTable(entries, { ...plain, fullText: true })).not.toMatch(codes);
  expect(rankTable(entries, { ...plain, color: true })).toContain('\u001b[32m');
  expect(rankTable(entries, { ...plain, color: true })).not.toContain('\u001b[31m');
});

test('shows whole texts below their rows, wrapped and indented', () => {
  const table = rankTable(results([0.5, `${'word '.repeat(20)}\n\nend`, 'a', true]), {
    columns: 40,
    color: false,
    fullText: true,
  });
  expect(table).toBe(
    [
      ' #    score          document',
      ' 1   0.5000  ██████  a',
      '    * word word word word word word word',
      '    word word word word word word word',
      '    word word word word word word',
      '',
      '    end',
      '',
      '',
    ].join('\n'),
  );
});

test('no results, no table', () => {
  expect(rankTable([], plain)).toBe('');
});
