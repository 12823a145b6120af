import { expect, test } from 'vitest';
import { resolveLink, rewrite, sidebar } from '../../docs/site/.vitepress/pages.js';
import { checkLinks } from '../../docs/site/check-links.mjs';
import { markdownFiles } from './markdown.js';

test('every page is in the sidebar', () => {
  const listed = sidebar().flatMap(({ items }) => items.map(({ link }) => link));
  const pages = markdownFiles().map((file) => `/${rewrite(file).replace(/\.md$/, '')}`);
  expect(pages.filter((page) => page !== '/index' && !listed.includes(page))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
});

const REPOSITORY = 'https://example.org/repository';

test.each([
  ['docs/models.md', 'errors.md#timeout', '/errors#timeout'],
  ['docs/models.md', '#names', '#names'],
  ['docs/models.md', '../README.md', '/'],
  ['docs/models.md', '../gguf/README.md', '/starter-model'],
  ['docs/site/index.md', '../models.md', '/models'],
  ['SECURITY.md', 'docs/server.md#safety', '/server#safety'],
  ['CONTRIBUTING.md', 'CHANGELOG.md', '/changelog'],
  ['build/site/api/index.md', 'llama-rerank.md#reranker', '/api/llama-rerank#reranker'],
  ['build/site/api/llama-rerank/server.md', '../llama-rerank.md', '/api/llama-rerank'],
  ['docs/models.md', 'https://example.org/a#b', 'https://example.org/a#b'],
  ['docs/models.md', '../native/library.cc#L3', `${REPOSITORY}/blob/HEAD/native/library.cc#L3`],
])('a link of %s to %s leads to %s', (file, href, address) => {
  expect(resolveLink(file, href, REPOSITORY)).toBe(address);
});

test('a link to what is no page leads nowhere where the repository is not known', () => {
  expect(resolveLink('docs/models.md', '../native/library.cc', undefined)).toBeUndefined();
});

test('a dead link of the built site is found', () => {
  const files = new Map([
    ['index.html', '<h1 id="top">a</h1><a href="/docs/errors#timeout">b</a><a href="/docs/api/#x">c</a><a href="#top">d</a>'],
    [
      'errors.html',
      '<h3 id="timeout">a</h3><a href="/docs/">b</a><img src="/docs/page.png"><a href="https://example.org/">c</a>',
    ],
    ['api/index.html', '<a id="x" href="/docs/errors?a&amp;b#top">a</a>'],
    ['page.png', ''],
  ]);
  expect(checkLinks(files, '/docs/')).toEqual({ links: 6, faults: ['api/index.html: /docs/errors?a&b#top is not there'] });
  files.set('errors.html', '<a href="/docs/none">a</a><a href="/elsewhere">b</a><a href="#nope">c</a>');
  files.delete('api/index.html');
  expect(checkLinks(files, '/docs/').faults).toEqual([
    'index.html: /docs/errors#timeout has no such anchor',
    'index.html: /docs/api/#x is not there',
    'errors.html: /docs/none is not there',
    'errors.html: /elsewhere is not below /docs/',
    'errors.html: #nope has no such anchor',
  ]);
});
