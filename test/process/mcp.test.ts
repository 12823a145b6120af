import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, describe, expect, test } from 'vitest';
import { Reranker } from '../../src/index.js';
import { fakeLlama, fakeModel } from '../helpers/fake-llama.js';
import { STARTER } from '../helpers/models.js';
import { rejection } from '../helpers/reranker.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const DOCUMENTS = fileURLToPath(new URL('../../examples/documents', import.meta.url));
const QUERY = 'how do I get my money back?';
const TEXTS = ['Our shop opens at nine.', 'Refunds are paid within five days.', 'Lentil soup needs cumin.'];
const MANY = Array.from({ length: 1000 }, (_, i) => `document ${i} ${'word '.repeat(200)}`);

const open: Client[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

/** The official client, with a server of its own. */
async function connected(argv: string[] = [], mode: 'legacy' | 'auto' = 'legacy', env: Record<string, string> = {}) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const args = [CLI, 'mcp', ...argv];
  const environment = { ...getDefaultEnvironment(), ...env };
  const transport = new StdioClientTransport({ command: process.execPath, args, env: environment, stderr: 'pipe' });
  const errors: Error[] = [];
  let stderr = '';
  transport.stderr?.on('data', (text) => {
    stderr += text;
  });
  client.onerror = (error) => void errors.push(error);
  open.push(client);
  await client.connect(transport);
  const rerank = (given: Record<string, unknown>, options = {}) => client.callTool({ name: 'rerank', arguments: given }, options);
  return { client, transport, rerank, errors, stderr: () => stderr };
}

const close = (score: number) => expect.closeTo(score, 5);
const textOf = (result: { content: unknown }) => (result.content as { text: string }[])[0]?.text;

describe.each([
  ['legacy', '2025-11-25'],
  ['auto', '2026-07-28'],
] as const)('a client that negotiates: %s', (mode, version) => {
  test('texts: the scores of rerank()', async () => {
    await using reranker = await Reranker.load(STARTER);
    const expected = await reranker.rerank(QUERY, TEXTS);
    const { client, rerank, errors } = await connected([], mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const result = await rerank({ query: QUERY, documents: TEXTS, topN: 2 });
    expect(result.structuredContent).toEqual({
      results: expected.results.slice(0, 2).map(({ index, relevanceScore, document, truncated }) => ({
        index,
        relevanceScore: close(relevanceScore),
        truncated,
        excerpt: document,
      })),
      model: 'all-MiniLM-L6-v2',
      scoreKind: 'blend',
      totalTokens: expected.usage.totalTokens,
      queryTruncated: false,
    });
    const [head, first] = textOf(result)?.split('\n') ?? [];
    expect(head).toBe('2 of 3 documents, best first; scores of all-MiniLM-L6-v2 (blend)');
    expect(first).toMatch(/^1\. 0\.\d{4} documents\[1\]: Refunds are paid within five days\.$/);
    expect(errors).toEqual([]);
  });

  test('cancelling ends the work, and the next call is answered', async () => {
    const { rerank, errors } = await connected([], mode);
    await rerank({ query: QUERY, documents: TEXTS });
    const controller = new AbortController();
    const running = rejection(rerank({ query: QUERY, documents: MANY }, { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('enough')), 200);
    await running;
    const start = performance.now();
    await rerank({ query: QUERY, documents: TEXTS });
    // The thousand documents would take a minute.
    expect(performance.now() - start).toBeLessThan(5000);
    expect(errors).toEqual([]);
  });
});

test('one tool, which reads nothing where no folder is named', async () => {
  const { client, rerank } = await connected();
  const { tools } = await client.listTools();
  expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual([['rerank', true]]);
  expect(Object.keys(tools[0]?.inputSchema.properties ?? {})).not.toContain('files');
  expect(tools[0]?.inputSchema.required?.sort()).toEqual(['documents', 'query']);
  const result = await rerank({ query: QUERY, documents: TEXTS, files: [CLI] });
  expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('files') }] });
});

test('files of the folders that were named', async () => {
  const { client, rerank } = await connected(['--root', DOCUMENTS]);
  const { tools } = await client.listTools();
  expect(JSON.stringify(tools[0]?.inputSchema.properties?.files)).toContain('examples');
  const files = ['lentil-soup.txt', 'returns-and-refunds.txt'];
  const result = await rerank({ query: QUERY, files, documents: ['Our shop opens at nine.'] });
  const { results } = result.structuredContent as { results: { file?: string; index?: number; excerpt: string }[] };
  expect(results[0]).toMatchObject({
    file: 'returns-and-refunds.txt',
    excerpt: expect.stringMatching(/^Returns and refunds .*…$/),
  });
  expect(results.map(({ file, index }) => file ?? index)).toContain(0);
  const outside = await rerank({ query: QUERY, files: ['../start.mjs'] });
  expect(outside).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/found none .*\(INVALID_ARGUMENT\)$/) }],
  });
});

test('what goes wrong is an error of the tool, which the model can read', async () => {
  const { rerank } = await connected();
  for (const [given, message] of [
    [{ query: ' ', documents: TEXTS }, /query: expected some text.*\(INVALID_QUERY\)/],
    [{ query: 5, documents: TEXTS }, /query: .*expected string/],
    [{ query: QUERY, documents: [] }, /expected documents or files.*\(INVALID_ARGUMENT\)/],
    [{ query: QUERY, documents: Array(1001).fill('a') }, /documents: .*1000/],
    [{ query: QUERY, documents: TEXTS, top_n: 3 }, /top_n/],
    [{ query: QUERY, documents: TEXTS, instruction: 'x' }, /instruction/],
  ] as const) {
    const result = await rerank(given);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(message);
  }
  expect((await rerank({ query: QUERY, documents: TEXTS })).isError).toBeFalsy();
});

test.skipIf(process.platform === 'win32')('--isolate: a crash is the answer, each time anew, however often', async () => {
  const model = fakeModel('encode=ok;ok;assert');
  const { rerank } = await connected(['--isolate', '-m', model], 'legacy', { LLAMA_RERANK_LIBRARY_PATH: fakeLlama() });
  for (let i = 0; i < 4; i++) {
    expect((await rerank({ query: QUERY, documents: TEXTS })).isError).toBeFalsy();
    const crashed = await rerank({ query: QUERY, documents: TEXTS });
    expect(crashed.isError).toBe(true);
    expect(textOf(crashed)).toMatch(/ended with signal SIGABRT.*GGML_ASSERT.*\(WORKER_CRASHED\)$/);
  }
  const never = await connected(['--isolate', '-m', fakeModel('encode=assert')], 'legacy', {
    LLAMA_RERANK_LIBRARY_PATH: fakeLlama(),
  });
  for (let i = 0; i < 5; i++)
    expect(textOf(await never.rerank({ query: QUERY, documents: TEXTS }))).toMatch(/^the process that runs/);
});

test('progress, if the client asks for it', async () => {
  const { rerank } = await connected();
  const seen: { progress: number; total?: number | undefined }[] = [];
  await rerank(
    { query: QUERY, documents: MANY.slice(0, 6) },
    { onprogress: (report: { progress: number }) => void seen.push(report) },
  );
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.map(({ progress }) => progress)).toEqual(seen.map(({ progress }) => progress).sort((a, b) => a - b));
  expect(seen.at(-1)?.progress).toBeLessThanOrEqual(3);
});

test('a model that cannot be loaded: on stderr at once, and as an error of each call', async () => {
  const { rerank, stderr } = await connected(['-m', 'no/such/file.gguf']);
  const result = await rerank({ query: QUERY, documents: TEXTS });
  expect(textOf(result)).toMatch(/\(MODEL_NOT_FOUND\)$/);
  expect(stderr()).toMatch(/^llama-rerank: .*\(MODEL_NOT_FOUND\)$/m);
});

/** The command by itself, fed with lines. */
function start(argv: string[]) {
  const child = spawn(process.execPath, [CLI, 'mcp', ...argv]);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const until = async (text: string) => {
    for (let waited = 0; !output.stdout.includes(text); waited += 10) {
      if (waited > 30_000) throw new Error(`${text} has not come within 30 seconds`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const clientInfo = { name: 'raw', version: '1' };
  send({ id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
  send({ method: 'notifications/initialized' });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, send, until, ended, output };
}

const CALL = { method: 'tools/call', params: { name: 'rerank', arguments: { query: QUERY, documents: TEXTS } } };

test('stdout has the protocol and nothing else, with all that llama.cpp has to say on stderr', async () => {
  const { child, send, until, ended } = start(['-vv']);
  send({ id: 1, ...CALL });
  child.stdin.write('this is no JSON\n');
  await until('"id":1');
  child.stdin.end();
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(0);
  const messages = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(messages.map(({ jsonrpc, id }) => [jsonrpc, id])).toEqual([
    ['2.0', 0],
    ['2.0', 1],
  ]);
  expect(stderr.length).toBeGreaterThan(1000);
  expect(stderr).toMatch(/llama_/);
});

describe('it ends', () => {
  test('when the client closes stdin, in the midst of a call too', async () => {
    const { child, send, until, ended } = start([]);
    send({ id: 1, ...CALL });
    await until('"id":1');
    send({ id: 2, ...CALL, params: { name: 'rerank', arguments: { query: QUERY, documents: MANY } } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const began = performance.now();
    child.stdin.end();
    expect(await ended).toMatchObject({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test.skipIf(process.platform === 'win32')('at Ctrl-C', async () => {
    const { child, until, ended } = start([]);
    await until('"id":0');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null });
  });

  test('at once, if a folder does not exist', async () => {
    const { ended } = start(['--root', 'no/such/folder']);
    const { code, stderr } = await ended;
    expect(code).toBe(2);
    expect(stderr).toContain('root: expected a folder, got no/such/folder (INVALID_ARGUMENT)');
  });
});
