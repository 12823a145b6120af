import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withTable } from '../../scripts/model-table.mjs';
import { root } from './markdown.js';

test('the table of docs/choosing.md is the one of the catalogue: else run node scripts/model-table.mjs', () => {
  const page = readFileSync(join(root, 'docs/choosing.md'), 'utf8');
  expect(withTable(page)).toBe(page);
  expect(withTable(page.replace('| `bge-m3` |', '| `bge-m4` |'))).toBe(page);
  expect(() => withTable('no place')).toThrow('expected the place of the table');
});
