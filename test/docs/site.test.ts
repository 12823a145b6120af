import { expect, test } from 'vitest';
import { resolveLink, rewrite, sidebar } from '../../docs/site/.vitepress/pages.js';
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
