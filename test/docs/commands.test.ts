import { describe, expect, test } from 'vitest';
import { commandFaults, commandsIn } from './commands.js';
import { type Block, docstringBlocks, markdownFiles, parseMarkdown, placeOf, readMarkdown } from './markdown.js';

const pages = markdownFiles().map(readMarkdown);
const blocks = [...pages.flatMap((page) => page.blocks), ...docstringBlocks()];

/** A `console` block shows what is typed behind a `$`, and below what comes back. */
const typed = ({ lang, code }: Block) => (lang === 'console' ? (code.match(/(?<=^\$ )(?:.*\\\n)*.*/gm) ?? []).join('\n') : code);

const shells = blocks.filter(({ lang, flags }) => /^(sh|bash|console)$/.test(lang) && !flags.includes('skip'));

test.each(shells.map((block) => [placeOf(block), typed(block)]))('%s: its commands are ones that exist', async (_, script) => {
  expect(commandsIn(script).length).toBeGreaterThan(0);
  expect(await commandFaults(script)).toEqual([]);
});

test('commands within text are ones that exist', async () => {
  const ours = pages.flatMap(({ file, codes }) => codes.map(({ code, line }) => ({ file, line, code })));
  // Not what stands for a part of one: `llama-rerank COMMAND`, `llama-rerank cache ls|rm`.
  const commands = ours.filter(
    ({ code }) => /^(npx )?llama-rerank [a-z]|^npm (run|start|test)|^(node|sh) /.test(code) && !code.includes('|'),
  );
  const faults = await Promise.all(
    commands.map(async (command) => {
      const partial = command.code.split(' ').length <= 3 ? ['missing required', 'expected a query'] : [];
      const found = await commandFaults(command.code);
      return found
        .filter((fault) => !partial.some((text) => fault.includes(text)))
        .map((fault) => `${placeOf(command)}: ${fault}`);
    }),
  );
  expect(faults.flat()).toEqual([]);
  expect(commands.length).toBeGreaterThan(5);
});

const data = blocks.filter(({ lang, flags }) => /^(json|jsonl)$/.test(lang) && !flags.includes('skip'));

test.each(data.map((block) => [placeOf(block), block] as const))('%s: is JSON', (_, { lang, code }) => {
  const texts = lang === 'jsonl' ? code.trim().split('\n') : [code];
  for (const text of texts) expect(() => JSON.parse(text)).not.toThrow();
});

/** Languages of which nothing is checked but that somebody chose them: what they configure is not here. */
const UNCHECKED = ['', 'nginx', 'yaml', 'dockerfile', 'html', 'text', 'py', 'toml'];

test('a block is in a language that is checked, or that is known not to be', () => {
  const checked = ['ts', 'js', 'sh', 'bash', 'console', 'json', 'jsonl', ...UNCHECKED];
  expect(blocks.filter(({ lang }) => !checked.includes(lang)).map((block) => `${placeOf(block)}: ${block.lang}`)).toEqual([]);
});

describe('is found', () => {
  test.each([
    ['an unknown command', 'llama-rerank ranks -q a b.txt', "unknown command 'ranks'"],
    ['an unknown flag', 'npx llama-rerank rank -q a --top 3 b.txt', "unknown option '--top'"],
    ['a value that is none', 'llama-rerank rank -q a -n many b.txt', 'many'],
    ['an argument that is missing', 'llama-rerank pull', 'missing required argument'],
    ['behind a pipe', 'ls notes | llama-rerank rank -q a --nope', "unknown option '--nope'"],
    ['in a loop', 'for p in 1 2; do llama-rerank serve --ports $p & done', "unknown option '--ports'"],
    ['in a command of a command', 'llama-server -m "$(llama-rerank cache paths x)"', 'cache'],
    ['in the second line of a command', 'HF_HOME=x llama-rerank rank -q a \\\n  --nope b.txt', "unknown option '--nope'"],
    ['a script of npm', 'npm run built', 'package.json has no script built'],
    ['a file of ours', 'node scripts/none.mjs --all', 'there is no scripts/none.mjs'],
  ])('%s', async (_, script, message) => {
    expect(await commandFaults(script)).toEqual([expect.stringContaining(message)]);
  });

  test('in a console block, where it was typed', () => {
    const [block] = parseMarkdown('x.md', '```console\n$ llama-rerank rank \\\n  -q a\nllama-rerank: no\n$ npm test\n```').blocks;
    expect(commandsIn(typed(block as Block))).toEqual([
      ['llama-rerank', 'rank', '-q', 'a'],
      ['npm', 'test'],
    ]);
  });
});

test('what is right passes', async () => {
  const right = [
    'npx llama-rerank rank -q "can I get my money back?" -n 5 help/*.txt   # a remark',
    'llama-rerank rank -q "a" --jsonl *.txt | jq -r .document.id',
    'llama-rerank serve -m a=b -ub 64 -ngl 3 &',
    'curl http://127.0.0.1:8080/ -d \'{ "query": "a" }\' && npm test',
  ];
  expect(await commandFaults(right.join('\n'))).toEqual([]);
});
