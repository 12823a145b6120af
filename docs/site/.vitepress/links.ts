/** Links as GitHub wants them become links of the site, and the names of errors become links to what is said about them. */
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { resolveLink, root } from './pages.js';

const source = readFileSync(join(root, 'src/errors.ts'), 'utf8');
const codes = new Set([...source.matchAll(/^ {2}'([A-Z_]+)',$/gm)].map((match) => match[1] as string));

type Token = ReturnType<MarkdownRenderer['parse']>[number];

export function siteLinks(md: MarkdownRenderer, repository: string | undefined): void {
  md.core.ruler.push('site_links', (state) => {
    const path: string | undefined = state.env.realPath ?? state.env.path;
    // Titles are rendered by themselves.
    if (path === undefined) return;
    const file = relative(root, path).split(sep).join('/');
    for (const [i, block] of state.tokens.entries()) {
      if (block.type !== 'inline' || !block.children) continue;
      followLinks(block.children, file, repository);
      const heading = state.tokens[i - 1]?.type === 'heading_open';
      if (!heading && file !== 'docs/errors.md') block.children = linkCodes(block.children, file, state.Token);
    }
  });
}

function followLinks(tokens: Token[], file: string, repository: string | undefined): void {
  let dropped = false;
  for (const token of tokens) {
    if (token.type === 'link_open') {
      const href = resolveLink(file, String(token.attrGet('href')), repository);
      dropped = href === undefined;
      if (href !== undefined) token.attrSet('href', href);
    }
    if (dropped && /^link_(open|close)$/.test(token.type)) token.tag = 'span';
    if (token.type === 'link_open' && dropped) token.attrs = null;
  }
}

/** `TIMEOUT` in code anywhere, and TIMEOUT in what was made of docstrings. */
function linkCodes(tokens: Token[], file: string, Token: new (type: string, tag: string, nesting: -1 | 0 | 1) => Token): Token[] {
  const api = file.startsWith('build/');
  let inLink = 0;
  return tokens.flatMap((token) => {
    inLink += token.type.endsWith('_open') || token.type.endsWith('_close') ? (token.tag === 'a' ? token.nesting : 0) : 0;
    if (inLink > 0) return [token];
    if (token.type === 'code_inline' && codes.has(token.content)) return around(token, token.content);
    if (!api || token.type !== 'text') return [token];
    return token.content.split(/\b([A-Z][A-Z_]+)\b/).flatMap((part) => {
      const text = Object.assign(new Token('text', '', 0), { content: part, level: token.level });
      return codes.has(part) ? around(text, part) : [text];
    });
  });

  function around(token: Token, code: string): Token[] {
    const open = new Token('link_open', 'a', 1);
    open.attrSet('href', `/errors#${code.toLowerCase()}`);
    return [open, token, new Token('link_close', 'a', -1)];
  }
}
