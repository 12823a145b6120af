import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Runs an example as its first lines say, and gives its lines. */
async function run(example: string, ...argv: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [`examples/${example}`, ...argv], { cwd: root });
  return stdout.trimEnd().split('\n');
}

test('npm start', async () => {
  const lines = await run('start.mjs');
  expect(lines.filter((line) => /^ 1 /.test(line))).toEqual([
    expect.stringContaining('returns-and-refunds.txt'),
    expect.stringContaining('lentil-soup.txt'),
  ]);
});

test('rag: the notes', async () => {
  const lines = await run('rag/rag.mjs');
  expect(lines[0]).toBe('15 passages, 15 candidates, the best 3:');
  expect(lines[2]).toMatch(/^0\.\d{4} {2}examples\/notes\/heating\.md: Heating > Radiators stay cold at the top$/);
  expect(lines[3]).toMatch(/^There is air in them\./);
});

test('rag: another question and folder', async () => {
  const lines = await run('rag/rag.mjs', 'can I leave the cat for a weekend?', 'examples/notes');
  expect(lines[2]).toMatch(/^0\.\d{4} {2}examples\/notes\/cat\.md: Minou > When she is alone$/);
});

test('ai-sdk', async () => {
  const lines = await run('ai-sdk/rerank.mjs');
  expect(lines).toEqual([
    expect.stringMatching(/^0\.4\d{3} Refunds are paid/),
    expect.stringMatching(/^0\.1\d{3} Gift cards/),
    expect.stringMatching(/^tokens: \d+$/),
    'first ticket: 18',
  ]);
});

test('langchain', async () => {
  const lines = await run('langchain/retriever.mjs');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^0\.3\d{3} returns-and-refunds\.txt$/);
});

test('server-client', async () => {
  const server = spawn(process.execPath, ['dist/cli/main.js', 'serve', '--port', '0'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const lines = await run('server-client/client.mjs', await addressOf(server));
    expect(lines.map((line) => line.replace(/0\.\d{4}/, 'SCORE'))).toEqual([
      'fetch  SCORE Refunds are paid within five days of the return.',
      'fetch  SCORE Gift cards are valid for three years.',
      'cohere SCORE Refunds are paid within five days of the return.',
      'cohere SCORE Gift cards are valid for three years.',
    ]);
  } finally {
    server.kill();
  }
});

async function addressOf({ stderr }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stderr as NodeJS.ReadableStream })) {
    const address = /listening at (http:\/\/[\d.:]+)/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error('the server has ended before it listened');
}

test('mcp', async () => {
  const [tools, head, first] = await run('mcp/client.mjs');
  expect(tools).toBe('tools: rerank');
  expect(head).toMatch(/^2 of 4 documents, best first/);
  expect(first).toMatch(/^1\. 0\.\d{4} heating\.md: # Heating/);
});
