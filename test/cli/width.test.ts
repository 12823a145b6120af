import { expect, test } from 'vitest';
import { displayWidth, fitEnd, fitStart, oneLine, pad, plainLines, wrap } from '../../src/cli/width.js';

test.each([
  ['', 0],
  ['abc', 3],
  ['日本', 4],
  ['한국어', 6],
  ['Ａ', 2],
  ['ｶﾀ', 2],
  ['e\u0301', 1],
  ['😀', 2],
  ['👩‍👩‍👧‍👦', 2],
  ['🇩🇪', 2],
  ['❤️', 2],
  ['é', 1],
  ['…', 1],
  ['\u200b', 0],
])('%s takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test.each([
  ['abcdef', 6, 'abcdef', 'abcdef'],
  ['abcdef', 5, 'abcd…', '…cdef'],
  ['日本語', 6, '日本語', '日本語'],
  ['日本語', 5, '日本…', '…本語'],
  ['日本語', 4, '日…', '…語'],
  ['abc…', 4, 'abc…', 'abc…'],
  ['', 3, '', ''],
])('%j in %i columns', (text, width, start, end) => {
  expect(fitStart(text, width)).toBe(start);
  expect(fitEnd(text, width)).toBe(end);
});

test('what is fitted never takes more columns, whatever the script', () => {
  const text = 'a日👩‍👩‍👧‍👦e\u0301ｶ🇩🇪 한c❤️ไท';
  for (let width = 1; width < 40; width++) {
    expect(displayWidth(fitStart(text, width))).toBeLessThanOrEqual(width);
    expect(displayWidth(fitEnd(text, width))).toBeLessThanOrEqual(width);
    for (const line of wrap(`${text} ${text}`, Math.max(2, width)))
      expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(2, width));
  }
});

test('a huge text is fitted without looking at all of it', () => {
  const start = performance.now();
  expect(displayWidth(fitStart('日'.repeat(20_000_000), 40))).toBe(39);
  expect(performance.now() - start).toBeLessThan(500);
});

test('pads by columns', () => {
  expect(pad('日', 4)).toBe('日  ');
  expect(pad('日', 4, 'left')).toBe('  日');
  expect(pad('abc', 2)).toBe('abc');
});

test('takes out what would steer the terminal', () => {
  expect(oneLine(' a\u001b[31mred\u001b[0m\u0007\n\tb\u202ec\u2066 ')).toBe('ared b c');
  expect(plainLines('a\r\n\u001b]0;title\u0007b\tc\u009b2J')).toEqual(['a', 'b    c']);
});

test('wraps between words, and within those that are too wide', () => {
  expect(wrap('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
  expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
  expect(wrap('日本語日本語', 5)).toEqual(['日本', '語日', '本語']);
  expect(wrap('', 5)).toEqual(['']);
  expect(wrap('a · b · c', 5, ' · ')).toEqual(['a · b', 'c']);
});
