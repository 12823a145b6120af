import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitepress';
import { siteLinks } from './links.js';
import { EXCLUDE, rewrite, root, sidebar } from './pages.js';

/** Where the site will be, as `/llama-rerank/`, and where the repository is, as `https://github.com/owner/name`. */
const base = process.env.DOCS_BASE ?? '/';
const repository = process.env.DOCS_REPOSITORY || undefined;

/** Pages lie outside this folder, where what they are compiled to would not find Vue. */
const vueFromHere: Plugin = {
  name: 'vue-from-here',
  enforce: 'pre',
  resolveId(id, importer, options) {
    if (!/^vue(\/|$)/.test(id)) return;
    if (options.ssr) return { id, external: true };
    if (!importer || /[\\/]node_modules[\\/]/.test(importer)) return;
    return this.resolve(id, fileURLToPath(import.meta.url), { ...options, skipSelf: true });
  },
};

/** markdown-it-anchor numbers equal ones itself. */
const slugify = (text: string) => new GithubSlugger().slug(text);

export default defineConfig({
  title: 'llama-rerank',
  description: 'Rerank documents on your own machine, in process, from Node.js and Electron.',
  base,
  srcDir: root,
  srcExclude: EXCLUDE,
  outDir: '../../build/site/dist',
  cacheDir: '../../build/site/cache',
  rewrites: rewrite,
  cleanUrls: true,
  // A page says where it is from, and when is in the history: no network, no git.
  lastUpdated: false,
  head: [
    ['link', { rel: 'icon', href: `${base}icon.svg`, type: 'image/svg+xml' }],
    ['meta', { name: 'theme-color', content: '#2450c8' }],
  ],
  markdown: {
    // The default's remarks are too pale to read.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    // The anchors that GitHub gives, so that a link is good in both places.
    anchor: { slugify },
    config: (md) => siteLinks(md, repository),
  },
  vite: {
    plugins: [vueFromHere],
    publicDir: fileURLToPath(new URL('../public', import.meta.url)),
    server: { watch: { ignored: ['**/test/**', '**/native/**', '**/build/!(site)/**', '**/node_modules/**'] } },
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/get-started' },
      { text: 'Models', link: '/choosing' },
      { text: 'API', link: '/api/' },
      { text: 'Errors', link: '/errors' },
    ],
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    ...(repository && { socialLinks: [{ icon: 'github', link: repository }] }),
    footer: { message: 'MIT. The starter model is Apache-2.0.' },
  },
});
