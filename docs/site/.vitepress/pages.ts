/** Which files of the repository are pages, at which address, and in which order they are shown. */
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Files of the repository as they are written, without `.md`. The ones that are not there are left out. */
const SIDEBAR = [
  {
    text: 'Guide',
    pages: {
      'docs/get-started': 'Get started',
      'docs/ranking': 'Documents, options, results',
      'docs/choosing': 'Choosing a model',
      'docs/cascades': 'Cascades',
      'docs/evaluation': 'Evaluation',
      'docs/isolation': 'Isolation',
      'docs/scaling': 'Scaling',
      'docs/bulk': 'Bulk jobs',
      'docs/recipes': 'Recipes',
    },
  },
  {
    text: 'Around it',
    pages: {
      'docs/install': 'Install',
      'docs/cli': 'Command line',
      'docs/server': 'Server',
      'deploy/README': 'Deployment',
      'docs/page': 'The page',
      'docs/integrations': 'Integrations',
    },
  },
  {
    text: 'Reference',
    pages: {
      'build/site/api/index': 'API',
      'docs/errors': 'Errors',
      'docs/models': 'Models',
      'docs/benchmarks': 'Speed and memory',
      'gguf/README': 'The starter model',
    },
  },
  {
    text: 'Inside',
    pages: {
      'docs/design': 'Design',
      'docs/native-boundary': 'The native boundary',
      CONTRIBUTING: 'Contributing',
      SECURITY: 'Security',
      CHANGELOG: 'Changes',
    },
  },
];

/** What VitePress shall not take for pages: everything but these. README.md is what the home page is on GitHub. */
export const EXCLUDE = [
  '!(docs|build|gguf|deploy|CHANGELOG.md|CONTRIBUTING.md|SECURITY.md)',
  '!(docs|build|gguf|deploy)/**/*',
  'docs/site/!(index.md)',
  'docs/site/!(index.md)/**/*',
  'build/!(site)/**',
  'build/*.*',
  'build/site/!(api)/**',
];

/** The address of a page: `docs/errors.md` is `errors.md`. */
export function rewrite(file: string): string {
  if (file === 'README.md' || file === 'docs/site/index.md') return 'index.md';
  if (file === 'gguf/README.md') return 'starter-model.md';
  if (file === 'deploy/README.md') return 'deployment.md';
  const short = file.replace(/^(build\/site|docs)\//, '');
  return short === file ? file.toLowerCase() : short;
}

export function sidebar() {
  return SIDEBAR.map(({ text, pages }) => ({
    text,
    items: Object.entries(pages)
      .filter(([file]) => existsSync(join(root, `${file}.md`)))
      .map(([file, title]) => ({ text: title, link: address(`${file}.md`) })),
  }));
}

function address(file: string): string {
  return `/${rewrite(file).replace(/(^|\/)index\.md$|\.md$/, '$1')}`;
}

/**
 * Where a relative link of a page leads on the site. Files that are no pages are shown at the repository, if it is known.
 *
 * @param file the page, from the root of the repository
 * @param href as written: good on GitHub
 * @returns undefined where there is nothing to link to
 */
export function resolveLink(file: string, href: string, repository: string | undefined): string | undefined {
  const [path = '', ...fragment] = href.split('#');
  const anchor = fragment.map((text) => `#${text}`).join('');
  if (path === '' || /^[a-z]+:|^\//i.test(path)) return href;
  const target = posix.join(posix.dirname(file), decodeURI(path));
  if (isPage(target)) return address(target) + anchor;
  return repository && `${repository}/blob/HEAD/${target}${anchor}`;
}

function isPage(file: string): boolean {
  if (!file.endsWith('.md')) return false;
  if (file === 'README.md' || file.startsWith('build/site/api/')) return true;
  if (/^docs\/(?!site\/)/.test(file)) return true;
  return /^(CHANGELOG|CONTRIBUTING|SECURITY|gguf\/README|deploy\/README|docs\/site\/index)\.md$/.test(file);
}
