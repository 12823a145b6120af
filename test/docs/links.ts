import { existsSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { type Markdown, placeOf, root } from './markdown.js';

/** Links of a page, as GitHub follows them, to files that are not there or anchors that their page has not. */
export function deadLinks(page: Markdown, read: (file: string) => Markdown): string[] {
  return page.links.flatMap(({ href, line }) => {
    const [path = '', anchor = ''] = href.split('#');
    if (/^[a-z]+:/i.test(href)) return [];
    const place = placeOf({ file: page.file, line });
    if (path.startsWith('/')) return [`${place}: ${href}: expected a relative path, which is good on GitHub and on the site`];
    const file = path === '' ? page.file : posix.join(dirname(page.file), decodeURI(path));
    const there = existsSync(join(root, file));
    if (path !== '' && (!there || file.startsWith('..'))) return [`${place}: ${href}: there is no ${file}`];
    if (anchor === '' || !file.endsWith('.md') || statSync(join(root, file), { throwIfNoEntry: false })?.isDirectory()) return [];
    const { anchors } = path === '' ? page : read(file);
    return anchors.has(decodeURIComponent(anchor)) ? [] : [`${place}: ${href}: ${file} has no such heading`];
  });
}
