// @ts-check
/** Every link of the built site leads to a page that is there, and to an anchor on it: VitePress itself looks at pages only. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../build/site/dist', import.meta.url));
const base = process.env.DOCS_BASE ?? '/';

const files = new Set(readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((file) => file.split(sep).join('/')));
const pages = [...files].filter((file) => file.endsWith('.html'));
const html = new Map(pages.map((page) => [page, readFileSync(join(dist, page), 'utf8')]));
const anchors = new Map(
  [...html].map(([page, text]) => [page, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
);

/**
 * @param {string} page
 * @param {string} href
 * @returns {string | undefined} what is wrong
 */
function fault(page, href) {
  const [path = '', anchor = ''] = href.split('#');
  if (path !== '' && !path.startsWith(base)) return `is not below ${base}`;
  const target = path === '' ? page : posix.normalize(decodeURI(path).slice(base.length));
  const file = [target, `${target}.html`, posix.join(target, 'index.html')].find(
    (name) => /\.\w+$/.test(name) && files.has(name),
  );
  if (file === undefined) return 'is not there';
  const known = anchors.get(file);
  return anchor === '' || !known || known.has(decodeURIComponent(anchor)) ? undefined : 'has no such anchor';
}

let links = 0;
for (const page of pages) {
  for (const [, written = ''] of String(html.get(page)).matchAll(/ (?:href|src)="([^"]*)"/g)) {
    const href = written.replaceAll('&amp;', '&');
    if (/^[a-z]+:/i.test(href)) continue;
    links++;
    const what = fault(page, href);
    if (what === undefined) continue;
    console.error(`${page}: ${href} ${what}`);
    process.exitCode = 1;
  }
}
console.log(`${pages.length} pages, ${links} links within the site`);
if (links < pages.length) throw new Error('pages without links: they were not read right');
