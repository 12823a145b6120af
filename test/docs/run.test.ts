import { expect, test } from 'vitest';
import { type Block, markdownFiles, parseMarkdown, placeOf, readMarkdown } from './markdown.js';
import { expectedOf, runBlock, squeeze } from './run.js';

const runs = markdownFiles()
  .flatMap((file) => readMarkdown(file).blocks)
  .filter(({ flags }) => flags.includes('run'));

test.each(runs.map((block) => [placeOf(block), block] as const))('%s runs, and prints what it says', async (_, block) => {
  expect(squeeze(await runBlock(block))).toMatch(expectedOf(block));
});

test('README has blocks that run', () => {
  expect(runs.filter(({ file }) => file === 'README.md').length).toBeGreaterThan(0);
});

const blockOf = (code: string) => parseMarkdown('x.md', `\`\`\`ts run\n${code}\n\`\`\`\n`).blocks[0] as Block;

test('a block that throws is found', async () => {
  await expect(runBlock(blockOf('await reranker.rerank("", documents);'))).rejects.toThrow('INVALID_QUERY');
});

test.each([
  ['another number', 'console.log({ a: 1 }); // { a: 2 }'],
  ['another order', 'console.log(1); // 2\nconsole.log(2); // 1'],
  ['nothing printed', 'if (documents.length > 99) console.log(1); // 1'],
])('what it prints is compared: %s', async (_, code) => {
  const block = blockOf(code);
  expect(squeeze(await runBlock(block))).not.toMatch(expectedOf(block));
});

test('what is left out may be anything', () => {
  const block = blockOf("console.log(a); // { score: 0.47…, text: 'Refunds …' }");
  expect(squeeze("{\n  score: 0.4711,\n  text: 'Refunds are paid'\n}\n")).toMatch(expectedOf(block));
});
