import { expect, test } from 'vitest';
import { findJsonError } from '../../src/cli/json-error.js';

test.each([
  '{}',
  '[]',
  ' {"a": [1, -2.5e+3, "x\\n\\u00e9", true, false, null, {"b": {}}]} ',
  '"\u007f\u0085\u2028"',
  '0',
  '[[[[]]]]',
  '{"a":"","":[{}]}',
])('accepts %s as JSON.parse does', (text) => {
  JSON.parse(text);
  expect(findJsonError(text)).toBeUndefined();
});

test.each([
  ['', 0, 'a value'],
  ['   ', 3, 'a value'],
  ['hello', 0, 'a value'],
  ['{"a":1,}', 7, 'a name in double quotes'],
  ['{a:1}', 1, 'a name in double quotes or }'],
  ["{'a':1}", 1, 'a name in double quotes or }'],
  ['{"a" 1}', 5, ':'],
  ['{"a":}', 5, 'a value'],
  ['{"a":1 "b":2}', 7, ', or the closing bracket'],
  ['[1,2', 4, ', or the closing bracket'],
  ['[1,]', 3, 'a value'],
  ['[,]', 1, 'a value or ]'],
  ['{"a":[1}', 7, ', or the closing bracket'],
  ['{"a":1]', 6, ', or the closing bracket'],
  ['{} x', 3, 'the end of the line'],
  ['{"a":"b}', 5, 'a value'],
  ['{"a":"\t"}', 5, 'a value'],
  ['{"a":"\\x"}', 5, 'a value'],
  ['01', 0, 'a value'],
  ['[1.]', 1, 'a value or ]'],
  ['nulls', 0, 'a value'],
  ['[NaN]', 1, 'a value or ]'],
])('finds where %j stops being JSON', (text, offset, expected) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(findJsonError(text)).toEqual({ offset, expected });
});

test('agrees with JSON.parse on whether damaged texts are JSON', () => {
  const good = '{"id": 7, "text": "a \\"b\\" \\u00e9", "list": [1, 2.5e-3, null, {"x": []}], "ok": true}';
  for (let at = 0; at < good.length; at++) {
    for (const replacement of ['', '"', '{', ']', ',', ':', '0', 'x', '\\', ' ']) {
      const text = good.slice(0, at) + replacement + good.slice(at + 1);
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      expect(findJsonError(text) === undefined, text).toBe(valid);
    }
  }
});

test('does not overflow the stack: long strings, deep nesting, unclosed quotes', () => {
  expect(findJsonError(`{"a":"${'x\\n'.repeat(1_000_000)}`)).toEqual({ offset: 5, expected: 'a value' });
  expect(findJsonError('['.repeat(200_000))?.offset).toBe(200_000);
});
