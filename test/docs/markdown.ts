import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import MarkdownIt from 'markdown-it';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** A fenced block. Its first line says what it is and what is done with it: ```` ```ts run ````. */
export interface Block {
  /** From the root of the repository. */
  file: string;
  /** Line of the first fence, from 1. */
  line: number;
  lang: string;
  flags: string[];
  code: string;
}

export interface Markdown {
  file: string;
  blocks: Block[];
  /** Anchors, as GitHub makes them of headings. */
  anchors: Set<string>;
  links: { href: string; line: number }[];
  /** Contents of `code` within text. */
  codes: { code: string; line: number }[];
}

const parser = new MarkdownIt({ html: true });
// In plain text, not in HTML: `<a id="...">` is an anchor, too.
const ANCHOR = /<a (?:id|name)="([^"]+)"/g;

/** README and its neighbours, docs/ and the starter model's page: what people read. */
export function markdownFiles(): string[] {
  const docs = readdirSync(join(root, 'docs'), { encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const beside = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'gguf/README.md', 'docs/site/index.md'];
  return [...beside, ...docs.sort().map((name) => `docs/${name}`)];
}

export function readMarkdown(file: string): Markdown {
  return parseMarkdown(file, readFileSync(join(root, file), 'utf8'));
}

export function parseMarkdown(file: string, source: string): Markdown {
  // What stands before the page (front matter) is none of its text; lines keep their numbers.
  const text = source.replace(/^---\n.*?\n---\n/s, (front) => front.replace(/.*/g, ''));
  const slugger = new GithubSlugger();
  const tokens = parser.parse(text, {});
  const found: Markdown = { file, blocks: [], anchors: new Set(), links: [], codes: [] };
  for (const [, id = ''] of text.matchAll(ANCHOR)) found.anchors.add(id);
  let line = 1;
  tokens.forEach((token, i) => {
    // Cells of a table have no line of their own: that of their row is near.
    if (token.map) line = token.map[0] + 1;
    if (token.type === 'fence') {
      const [lang = '', ...flags] = token.info.trim().split(/\s+/);
      found.blocks.push({ file, line, lang, flags, code: token.content });
    }
    if (token.type !== 'inline') return;
    const children = token.children ?? [];
    if (tokens[i - 1]?.type === 'heading_open') {
      const title = children.filter(({ type }) => type === 'text' || type === 'code_inline').map(({ content }) => content);
      found.anchors.add(slugger.slug(title.join('')));
    }
    for (const child of children) {
      const href = child.attrGet('href') ?? child.attrGet('src');
      if (href !== null) found.links.push({ href: String(href), line });
      if (child.type === 'code_inline') found.codes.push({ code: child.content, line });
    }
  });
  return found;
}

/** Blocks in the docstrings of src/, which become pages, too. */
export function docstringBlocks(): Block[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return sources.flatMap((name) => {
    const file = `src/${name}`;
    const comments = readFileSync(join(root, file), 'utf8').matchAll(/\/\*\*.*?\*\//gs);
    return [...comments].flatMap(([text]) => parseMarkdown(file, text.replace(/^\s*(\/\*\*|\*\/|\*) ?/gm, '')).blocks);
  });
}

/** `docs/cli.md:12` for messages. */
export function placeOf({ file, line }: Pick<Block, 'file' | 'line'>): string {
  return `${file}:${line}`;
}
