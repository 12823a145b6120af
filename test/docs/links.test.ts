import { expect, test } from 'vitest';
import { deadLinks } from './links.js';
import { markdownFiles, parseMarkdown, readMarkdown } from './markdown.js';

const find = (file: string, source: string) => deadLinks(parseMarkdown(file, source), readMarkdown);

test('every relative link leads to a file, and to a heading of it', () => {
  const pages = markdownFiles().map(readMarkdown);
  expect(pages.flatMap((page) => deadLinks(page, readMarkdown))).toEqual([]);
  expect(pages.flatMap(({ links }) => links).length).toBeGreaterThan(50);
});

test.each([
  ['a file that is not there', '[x](nowhere.md)', 'docs/x.md:1: nowhere.md: there is no docs/nowhere.md'],
  [
    'a heading that is not there',
    '\n[x](errors.md#no_such)',
    'docs/x.md:2: errors.md#no_such: docs/errors.md has no such heading',
  ],
  ['a heading of its own', '# A\n\n[x](#b)', 'docs/x.md:3: #b: docs/x.md has no such heading'],
  ['an image', '![x](none.png)', 'docs/x.md:1: none.png: there is no docs/none.png'],
  ['an address from the root', '[x](/errors)', 'docs/x.md:1: /errors: expected a relative path'],
])('is found: %s', (_, source, message) => {
  expect(find('docs/x.md', source)).toEqual([expect.stringContaining(message)]);
});

test('what is right passes: files, headings, anchors, other sites', () => {
  const source =
    '# A `b`\n\n<a id="c"></a>\n\n[x](#a-b) [x](#c) [x](errors.md#timeout) [x](../README.md) [x](../native) [x](https://example.org/)';
  expect(find('docs/x.md', source)).toEqual([]);
});
