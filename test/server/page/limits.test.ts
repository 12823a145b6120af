import { expect, test } from 'vitest';
import { readOptions } from '../../../src/server/options.js';
import { MOST_BYTES, tooLarge } from '../../../src/server/page/limits.js';

test('the page knows what the server takes', () => {
  expect(MOST_BYTES).toBe(readOptions({}).bodyLimit);
});

test('the size of a body counts in bytes', () => {
  expect(tooLarge('a'.repeat(MOST_BYTES - 2))).toBe('');
  expect(tooLarge('a'.repeat(MOST_BYTES - 1))).toMatch(/^4\.1 MiB are too much: the server takes 4 MiB/);
  expect(tooLarge('é'.repeat(MOST_BYTES / 2))).toMatch(/^4\.1 MiB/);
});
