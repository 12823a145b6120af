import { expect, test } from 'vitest';
import { typeFaults } from './code.js';
import { docstringBlocks, markdownFiles, parseMarkdown, readMarkdown } from './markdown.js';

const isCode = ({ lang, flags }: { lang: string; flags: string[] }) => /^(ts|js)$/.test(lang) && !flags.includes('skip');
const page = (source: string) => parseMarkdown('x.md', source).blocks.filter(isCode);

test('what the blocks of every page do is right by the types of this package', () => {
  const pages = markdownFiles().map((file) => readMarkdown(file).blocks.filter(isCode));
  const examples = docstringBlocks()
    .filter(isCode)
    .map((block) => [block]);
  const all = [...pages, ...examples].filter((blocks) => blocks.length > 0);
  expect(all.length).toBeGreaterThan(2);
  expect(typeFaults(all)).toEqual([]);
});

test('faults are found, with their lines; blocks build on earlier ones, and may give a name anew', () => {
  const block = (...lines: string[]) => `\`\`\`ts\n${lines.join('\n')}\n\`\`\`\n`;
  const right = [
    block("import { Reranker } from 'llama-rerank';", 'const reranker = await Reranker.load();', 'const first = 1;'),
    block(
      "import { Reranker, RerankError } from 'llama-rerank';",
      'const { results } = await reranker.rerank(query, tickets, { text: "body" });',
    ),
    block(
      'const { results } = await reranker.rerank(query, [String(first)]);',
      'results[0]?.document.length;',
      'RerankError.name;',
    ),
  ];
  const wrong = [
    block('await reranker.rerank(query, documents, { topK: 3 });'),
    block('import { Rerunner } from "llama-rerank";', '', 'const text: string = first;'),
    block('await nobody.rerank(query);'),
    block("import { createApp } from 'llama-rerank/server';", 'createApp({ ports: 3 });', 'const a = ;'),
  ];
  const skipped = '```ts skip\nnonsense(;\n```\n';
  expect(typeFaults([page(right.join('\n') + skipped)])).toEqual([]);
  expect(typeFaults([page([right[0], ...wrong].join('\n'))])).toEqual([
    expect.stringMatching(/^x\.md:24: Expression expected/),
    expect.stringMatching(/^x\.md:12: .*Rerunner/),
    expect.stringMatching(/^x\.md:8: .*topK/),
    expect.stringMatching(/^x\.md:14: Type 'number' is not assignable to type 'string'/),
    expect.stringMatching(/^x\.md:18: Cannot find name 'nobody'/),
    expect.stringMatching(/^x\.md:23: .*ports/),
  ]);
});
