// @ts-check
/** Every link of the built site leads to a page that is there, and to an anchor on it: VitePress itself looks at pages only. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * @param {ReadonlyMap<string, string>} files content by path, of pages; others may be empty
 * @param {string} base the path of the site, `/` at both ends
 * @returns {{ links: number, faults: string[] }}
 */
export function checkLinks(files, base) {
  const pages = [...files.keys()].filter((file) => file.endsWith('.html'));
  const anchors = new Map(pages.map((page) => [page, new Set(valuesOf(files.get(page), / id="([^"]+)"/g))]));
  const links = pages.flatMap((page) =>
    valuesOf(files.get(page), / (?:href|src)="([^"]*)"/g)
      .filter((href) => !/^[a-z]+:/i.test(href))
      .map((href) => ({ page, href })),
  );
  const faults = links.flatMap(({ page, href }) => {
    const what = fault(page, href);
    return what === undefined ? [] : [`${page}: ${href} ${what}`];
  });
  return { links: links.length, faults };

  /**
   * @param {string} page
   * @param {string} href
   */
  function fault(page, href) {
    const [path = '', anchor = ''] = href.split('#');
    if (path !== '' && !path.startsWith(base)) return `is not below ${base}`;
    const target = path === '' ? page : posix.normalize(decodeURI(path).slice(base.length));
    const names = [target, `${target}.html`, posix.join(target, 'index.html')];
    const file = names.find((name) => /\.\w+$/.test(name) && files.has(name));
    if (file === undefined) return 'is not there';
    const known = anchors.get(file);
    return anchor === '' || !known || known.has(decodeURIComponent(anchor)) ? undefined : 'has no such anchor';
  }
}

/**
 * @param {string | undefined} html
 * @param {RegExp} pattern
 */
function valuesOf(html, pattern) {
  return [...(html ?? '').matchAll(pattern)].map(([, value = '']) => value.replaceAll('&amp;', '&'));
}

/** @param {string} folder */
function readSite(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Map(
    names.map((name) => [name.split(sep).join('/'), name.endsWith('.html') ? readFileSync(join(folder, name), 'utf8') : '']),
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const files = readSite(fileURLToPath(new URL('../../build/site/dist', import.meta.url)));
  const { links, faults } = checkLinks(files, process.env.DOCS_BASE ?? '/');
  for (const fault of faults) console.error(fault);
  console.log(`${links} links within the site, ${faults.length} of them dead`);
  if (faults.length > 0 || links === 0) process.exitCode = 1;
}
