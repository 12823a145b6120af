import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { cliSnippet, curlSnippet, shellQuote, typescriptSnippet } from '../../../src/server/page/snippets.js';

const nasty = [
  'plain',
  "it's",
  'say "hi"',
  'two\nlines\r\nand a tab\t.',
  `$HOME $\{HOME} $(id) \`id\``,
  '\\n \\ \\\\',
  'EOF',
  '\nEOF\n',
  "''' \"\"\" ''",
  '-n 3',
  '!! !x #no *.md ~ {a,b} [x] = %',
  'ünïcödé 日本語 🦙 \u2028 \u2029 \u0007',
  `$\{\`nested\`}`,
  '',
];
const call = {
  url: 'http://127.0.0.1:8080/v1/rerank',
  model: "my model's",
  query: nasty.join(' | '),
  documents: nasty,
  key: false,
};
const withTop = { ...call, topN: 3 };
const withoutTop = { ...call, topN: undefined };

const shells = ['bash', 'sh', 'zsh'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);

/** What a program called `name` gets when a shell runs the snippet: its arguments, then what it reads. */
function runIn(shell: string, name: string, snippet: string) {
  const program = `console.log(JSON.stringify([process.argv.slice(1), require('fs').readFileSync(0, 'utf8')]))`;
  const stub = `stub() { "$NODE" -e "$PROGRAM" -- "$@"; }\n`;
  const { stdout, stderr } = spawnSync(shell, ['-s'], {
    input: stub + snippet.replace(name, 'stub'),
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, PROGRAM: program, LLAMA_RERANK_API_KEY: 'k$y' },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as [string[], string];
}

test('words that need no quotes have none', () => {
  expect(shellQuote('jina-reranker-v3:Q4_K_M')).toBe('jina-reranker-v3:Q4_K_M');
  expect(shellQuote('')).toBe("''");
  expect(shellQuote("it's")).toBe("'it'\\''s'");
});

describe.skipIf(process.platform === 'win32').each(shells)('%s', (shell) => {
  test('curl gets the request', () => {
    const [args, body] = runIn(shell, 'curl', curlSnippet(withTop));
    expect(args).toEqual(['-sS', call.url, '-H', 'Content-Type: application/json', '--data-binary', '@-']);
    expect(JSON.parse(body)).toEqual({ model: call.model, query: call.query, documents: nasty, top_n: 3 });
  });

  test('curl with a key takes it from the environment', () => {
    const [args] = runIn(shell, 'curl', curlSnippet({ ...withoutTop, key: true }));
    expect(args).toContain('Authorization: Bearer k$y');
  });

  test('the command line gets query and documents', () => {
    const [args, input] = runIn(shell, 'llama-rerank', cliSnippet(withTop));
    expect(args).toEqual(['rank', '-m', call.model, '-n', '3', '--input', 'jsonl', '-q', call.query]);
    const lines = input.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).text)).toEqual(nasty);
  });
});

test('without a limit, no snippet has one', () => {
  expect(curlSnippet(withoutTop)).not.toContain('top_n');
  expect(cliSnippet(withoutTop)).not.toContain(' -n 3 --input');
  expect(typescriptSnippet(withoutTop)).not.toContain('topN');
});

test('TypeScript gets the same', async () => {
  const source = typescriptSnippet(withTop)
    .replace("import { Reranker } from 'llama-rerank';", '')
    .replaceAll('console.log', 'log');
  const seen: unknown[] = [];
  const Reranker = {
    load: async (model: string) => ({
      rerank: async (...given: unknown[]) => {
        seen.push(model, ...given);
        return { results: [{ relevanceScore: 0.5, document: 'd' }] };
      },
      dispose: async () => seen.push('disposed'),
    }),
  };
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
  await AsyncFunction('Reranker', 'log', source)(Reranker, (...shown: unknown[]) => seen.push(shown));
  expect(seen).toEqual([call.model, call.query, nasty, { topN: 3 }, ['0.5000', 'd'], 'disposed']);
});
