import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';
import { root } from './markdown.js';

/** What is wrong with the index of errors. */
function faults(source: string): string[] {
  const sections = source.split(/^### /m).slice(1);
  const listed = sections.map((section) => /^`([A-Z_]+)`\n/.exec(section)?.[1] ?? section.slice(0, 40));
  const known = new Set<string>(ERROR_CODES);
  return [
    ...ERROR_CODES.filter((code) => !listed.includes(code)).map((code) => `${code} is missing`),
    ...listed.filter((code) => !known.has(code)).map((code) => `${code} is no code`),
    ...listed.filter((code, i) => listed.indexOf(code) < i).map((code) => `${code} is there twice`),
    ...sections
      .filter((section) => !/\n\n\*\*Cause:\*\* \S.*\n\n\*\*Cure:\*\* \S.*\n\n> \S/s.test(section))
      .map((section) => `${section.split('\n')[0]}: expected **Cause:**, **Cure:** and a message behind >`),
  ];
}

const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

test('docs/errors.md has cause, cure and a message of every code, and of no other', () => {
  expect(faults(page)).toEqual([]);
});

test.each([
  ['a code that is missing', page.replace('### `TIMEOUT`', '###  TIMEOUT'), 'TIMEOUT is missing'],
  ['one that does not exist', page.replace('### `TIMEOUT`', '### `TIME_OUT`'), 'TIME_OUT is no code'],
  ['one that is there twice', `${page}\n### \`TIMEOUT\`\n\n**Cause:** a\n\n**Cure:** b\n\n> c\n`, 'TIMEOUT is there twice'],
  ['a section without a cure', page.replace('**Cure:**', '**Cute:**'), '`INVALID_ARGUMENT`: expected'],
])('is found: %s', (_, source, message) => {
  expect(faults(source)).toContainEqual(expect.stringContaining(message));
});
