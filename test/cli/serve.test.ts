import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RerankError } from '../../src/index.js';
import { ListenError } from '../../src/server/index.js';
import { runFake } from './fake-shell.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('without flags: this machine only, port 8080, the starter model', async () => {
  const { code, served, stdout, stderr } = await runFake(['serve']);
  expect(code).toBe(0);
  expect(served[0]).toMatchObject({ host: '127.0.0.1', port: 8080, apiKeys: [], logLevel: 'info' });
  expect(served[0]?.models).toBeUndefined();
  expect(stdout).toBe('');
  const [first, second, third] = stderr.split('\n');
  expect(first).toBe('llama-rerank: listening at http://127.0.0.1:8080 (Ctrl-C ends it)');
  expect(second).toBe('llama-rerank: open http://127.0.0.1:8080/ in a browser to try it');
  expect(third).toMatch(/^llama-rerank: starter model: English only/);
});

test('flags reach the server', async () => {
  const flags =
    '--host 0.0.0.0 --port 9000 --queue 8 --timeout 5 --drain-timeout 20 --idle-timeout 0 --max-documents 50 --strict-model --log-level warn';
  const llama = '-t 2 -c 512 -ub 128 -ngl 0 -fa off --offline --isolate';
  const sites = '--allow-host box.lan --allow-host b --cors-origin https://a.example';
  const { code, served } = await runFake(['serve', ...`${flags} ${llama} ${sites} --api-key a,b`.split(' ')]);
  expect(code).toBe(0);
  expect(served[0]).toMatchObject({
    host: '0.0.0.0',
    port: 9000,
    queueLimit: 8,
    timeout: 5000,
    drainTimeout: 20_000,
    idleTimeout: 0,
    maxDocuments: 50,
    strictModel: true,
    logLevel: 'warn',
    apiKeys: ['a', 'b'],
    allowedHosts: ['box.lan', 'b'],
    corsOrigins: ['https://a.example'],
    loadOptions: {
      threads: 2,
      contextSize: 512,
      ubatchSize: 128,
      gpuLayers: 0,
      flashAttention: false,
      download: 'never',
      isolate: true,
    },
  });
});

test('keys from flag, file and environment', async () => {
  const file = join(folder, 'keys.txt');
  writeFileSync(file, 'first\r\n\nsecond\n');
  const { served } = await runFake(['serve', '--api-key', 'a, b', '--api-key-file', file], {
    env: { LLAMA_RERANK_API_KEY: 'env' },
  });
  expect(served[0]?.apiKeys).toEqual(['a', 'b', 'first', 'second', 'env']);
});

test.each([
  ['jina-reranker-v3', 'jina-reranker-v3', 'jina-reranker-v3'],
  ['hf:user/repo:Q8_0', 'hf:user/repo:Q8_0', 'hf:user/repo:Q8_0'],
  ['/models/a=b/My Model.gguf', 'My Model', '/models/a=b/My Model.gguf'],
  ['C:\\models\\tiny.GGUF', 'tiny', 'C:\\models\\tiny.GGUF'],
  ['good=jina-reranker-v3:Q4_K_M', 'good', 'jina-reranker-v3:Q4_K_M'],
  ['good=/models/a=b.gguf', 'good', '/models/a=b.gguf'],
])('--model %s is served as %s', async (flag, name, model) => {
  const { served } = await runFake(['serve', '-m', flag, '-m', 'other']);
  expect(served[0]?.models).toEqual([
    { name, model },
    { name: 'other', model: 'other' },
  ]);
});

describe('while a model is loaded', () => {
  const serving = async (argv: string[], columns?: number) => {
    let shown = '';
    const run = await runFake(['serve', ...argv], {
      ...(columns === undefined ? {} : { columns }),
      serve: async ({ loadOptions, logStream }) => {
        await new Promise((resolve) => setTimeout(resolve, 160));
        loadOptions?.onProgress?.({ stage: 'download', done: 1, total: 2 });
        logStream.write('{"a":"line of the log"}\n');
        shown = String(loadOptions?.onProgress !== undefined);
      },
    });
    return { ...run, shown };
  };

  test('a terminal has the line, which makes way for the log', async () => {
    const { stderr, shown } = await serving([], 80);
    expect(shown).toBe('true');
    expect(stderr).toMatch(/\rfetching ██████████ +50% [^\r]*\r +\r\{"a":"line of the log"\}\n$/);
  });

  test('elsewhere the server logs it', async () => {
    const { stderr, shown } = await serving([]);
    expect(shown).toBe('false');
    expect(stderr).not.toContain('fetching');
  });

  test('--log-level silent: nothing', async () => {
    expect((await serving(['--log-level', 'silent'], 80)).stderr).not.toContain('fetching');
  });
});

describe('wrong usage', () => {
  const empty = () => {
    const file = join(folder, 'empty.txt');
    writeFileSync(file, ' \n');
    return file;
  };
  test.each([
    ['two models of one name', ['-m', 'a=x', '-m', 'a=y'], /two models are called a/],
    ['a head for several', ['-m', 'a', '-m', 'b', '--head', 'h'], /--head/],
    ['a port that is none', ['--port', '70000'], /0 to 65535/],
    ['an empty key', ['--api-key', ' , '], /api-key/],
    ['no file of keys', ['--api-key-file', '/nowhere/keys'], /cannot be read/],
    ['an empty model', ['-m', ''], /model/],
    ['an argument', ['model.gguf'], /too many arguments/],
  ])('%s', async (_, argv, message) => {
    const { code, served, stderr } = await runFake(['serve', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(served).toEqual([]);
  });

  test('an empty file of keys', async () => {
    expect(await runFake(['serve', '--api-key-file', empty()])).toMatchObject({ code: 2, served: [] });
  });
});

test.each([
  [new ListenError('port 8080 on 127.0.0.1 is in use; --port takes another'), 1],
  [new RerankError('MODEL_NOT_FOUND', 'there is no file x.gguf'), 3],
])('%s', async (error, exit) => {
  const { code, stderr } = await runFake(['serve'], { serve: () => Promise.reject(error) });
  expect(code).toBe(exit);
  expect(stderr).toContain(`llama-rerank: ${error.message}`);
  expect(stderr).not.toMatch(/^ +at /m);
});
