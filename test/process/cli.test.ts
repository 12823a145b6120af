import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const DOCUMENTS = fileURLToPath(new URL('../../examples/documents/', import.meta.url));
const windows = process.platform === 'win32';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  child: ChildProcess;
  /** What came out so far. */
  output: { stdout: string; stderr: string };
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

/** Starts the command; `input` is written to stdin, which stays open if there is none. */
function start(argv: string[], input?: string | Iterable<string>, env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [CLI, ...argv], { env: { ...process.env, ...env }, cwd: DOCUMENTS });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  // The command may stop reading before all is written.
  child.stdin.on('error', () => {});
  if (input !== undefined) Readable.from(typeof input === 'string' ? [input] : input).pipe(child.stdin);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, output, ended };
}

const run = (...parameters: Parameters<typeof start>) => start(...parameters).ended;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    if (waited > 30_000) throw new Error('it has not happened within 30 seconds');
    await pause(10);
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const CONTROL_CODES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
const QUERY = ['rank', '-q', 'what can I cook for a vegan friend?'];
const FILES = ['lentil-soup.txt', 'gift-cards.txt', 'sourdough-bread.txt', 'late-parcel.txt'];

test('ranks files with the model that comes along', async () => {
  const { code, stdout, stderr } = await run([...QUERY, ...FILES, '-n', '2']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ #\s+score\s+document\s+text\n 1 .*lentil-soup\.txt .*\n 2 .*sourdough-bread\.txt .*\n$/);
  expect(stderr).toMatch(/English only/);
});

test('ranks lines of stdin, with indices that count empty lines', async () => {
  const { code, stdout } = await run([...QUERY, '--jsonl'], 'a train is late\n\na bean stew without meat\n');
  const results = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(results.map(({ index }) => index).sort()).toEqual([0, 1, 2]);
  expect(results[0]).toMatchObject({ index: 2, document: { text: 'a bean stew without meat' }, truncated: false });
});

test('L01: with --json, stdout is JSON and all else goes to stderr', async () => {
  const { code, stdout, stderr } = await run([...QUERY, '--json', '-v', '-v', ...FILES]);
  expect(code).toBe(0);
  const body = JSON.parse(stdout);
  expect(body).toMatchObject({ model: 'all-MiniLM-L6-v2', query: QUERY[2] });
  expect(body.results[0]).toMatchObject({ index: 0, document: { id: 'lentil-soup.txt' } });
  expect(body.results[0].relevance_score).toBeGreaterThan(body.results[1].relevance_score);
  expect(body.usage.total_tokens).toBeGreaterThan(100);
  expect(stderr.split('\n').length).toBeGreaterThan(20);
});

describe('L02: bad input is exit code 2, with its place', () => {
  test.each([
    ['empty', [], '', /no documents: the input is empty/],
    ['not JSON', ['--input', 'jsonl'], '{"text":"a"}\n{"text":"b"\n', /stdin:2:12: not JSON: .*\(INVALID_INPUT\)\n$/],
    ['not text', [], 'a\0b', /stdin holds zero bytes/],
  ])('stdin is %s', async (_, argv, input, message) => {
    const { code, stdout, stderr } = await run([...QUERY, ...argv], input);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  test('100 MB of which the last line is wrong, in bounded memory', async () => {
    function* input(): Generator<string> {
      const line = `${JSON.stringify({ text: 'x'.repeat(10_000) })}\n`;
      for (let i = 0; i < 10_000; i++) yield line;
      yield '{"text": oh}\n';
    }
    const argv = [...QUERY, '--input', 'jsonl'];
    const { code, stderr } = await run(argv, input(), { NODE_OPTIONS: '--max-old-space-size=400' });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^llama-rerank: stdin:10001:10: not JSON: expected a value/)]);
  });

  test('100 MB in one line', async () => {
    function* input(): Generator<string> {
      const megabyte = 'x'.repeat(1024 * 1024);
      for (let i = 0; i < 100; i++) yield megabyte;
    }
    const { code, stderr } = await run([...QUERY, '--input', 'jsonl'], input());
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^llama-rerank: stdin:1:1: not JSON/)]);
  });

  test('a reader that closes early is no error', async () => {
    const { child, ended } = start([...QUERY, '--json', ...FILES]);
    child.stdout?.destroy();
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|llama-rerank:/);
  });
});

test.each([
  [['rank', '--frobnicate'], /unknown option '--frobnicate'/],
  [['rank', '-q'], /argument missing/],
  [['rank', '-q', 'a', '--json', '--jsonl', 'lentil-soup.txt'], /cannot be used with/],
  [['rank', 'lentil-soup.txt'], /the query is missing/],
])('L03: wrong usage is exit code 2 with a usage line: %j', async (argv, message) => {
  const { code, stdout, stderr } = await run(argv, '');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/usage: llama-rerank rank -q QUERY/);
});

describe('L04: exit codes, without a stack', () => {
  const noStack = /^(starter model.*\n.*\n)?llama-rerank: [^\n]+ \([A-Z_]+\)\n$/;

  test('1: a failure', async () => {
    const { code, stderr } = await run([...QUERY, '--timeout', '0.001'], 'word '.repeat(150).concat('\n').repeat(200));
    expect([code, stderr]).toEqual([1, expect.stringMatching(noStack)]);
    expect(stderr).toContain('(TIMEOUT)');
  });

  test.each([
    ['none.gguf', 'MODEL_NOT_FOUND'],
    ['.', 'MODEL_NOT_REGULAR'],
    ['lentil-soup.txt', 'MODEL_BAD_MAGIC'],
  ])('3: the model %s', async (model, errorCode) => {
    for (const argv of [
      [...QUERY, '-m', model, 'lentil-soup.txt'],
      ['inspect', model],
    ]) {
      const { code, stdout, stderr } = await run(argv);
      expect([code, stdout, stderr]).toEqual([3, '', expect.stringMatching(noStack)]);
      expect(stderr).toContain(`(${errorCode})`);
    }
  });

  test('3: a GPU that is not there', async () => {
    const gpu = process.platform === 'darwin' ? 'vulkan' : 'metal';
    const { code, stderr } = await run([...QUERY, '--gpu', gpu, 'lentil-soup.txt']);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/\(GPU_UNAVAILABLE\)\n$/)]);
  });

  test('--debug shows the stack', async () => {
    const { stderr } = await run([...QUERY, '--debug', '-m', 'none.gguf', 'lentil-soup.txt']);
    expect(stderr).toMatch(/\n {4}at /);
  });
});

describe.skipIf(windows)('L05: Ctrl-C ends within a second, with exit code 130', () => {
  // Each its own: equal ones would be computed once.
  const texts = Array.from({ length: 5000 }, (_, i) => `${i} ${'all work and no play makes Jack a dull boy '.repeat(20)}\n`).join(
    '',
  );

  async function interrupt({ child, ended }: Run): Promise<{ code: number | null; signal: string | null; milliseconds: number }> {
    const start = performance.now();
    child.kill('SIGINT');
    const { code, signal, stdout } = await ended;
    expect(stdout).toBe('');
    return { code, signal, milliseconds: performance.now() - start };
  }

  test.each([
    ['loading', 0],
    ['tokenizing or ranking', 200],
    ['ranking', 2500],
  ])('while %s', async (_, delay) => {
    const running = start(QUERY, texts);
    await until(() => running.output.stderr.includes('starter model'));
    await pause(delay);
    const { code, milliseconds } = await interrupt(running);
    expect(code).toBe(130);
    expect(milliseconds).toBeLessThan(1000);
    expect(running.output.stderr).not.toContain('llama-rerank:');
  });

  test('while waiting for stdin', async () => {
    const running = start(QUERY);
    await pause(1000);
    expect((await interrupt(running)).code).toBe(130);
  });

  test('while a read cannot be called back', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const running = start([...QUERY, pipe]);
    await pause(1000);
    const { signal, milliseconds } = await interrupt(running);
    // Ended by the signal itself, which shells show as 130 too.
    expect(signal).toBe('SIGINT');
    expect(milliseconds).toBeLessThan(1500);
  });
});

test.each<Record<string, string>>([{}, { NO_COLOR: '1' }, { CI: 'true' }, { FORCE_COLOR: '1' }])(
  'L06: into a pipe, no control codes, with %j',
  async (env) => {
    const evil = join(folder, 'evil.txt');
    writeFileSync(evil, 'a \u001b[31mred\u001b[0m \u009b2J recipe\u0007');
    for (const argv of [[...QUERY, evil, ...FILES], [...QUERY, '--full-text', evil], ['devices'], ['inspect', '--help']]) {
      const { code, stdout, stderr } = await run(argv, undefined, env);
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(CONTROL_CODES);
    }
  },
);

test('devices names the llama.cpp in use and the CPU', async () => {
  const { code, stdout } = await run(['devices', '--json']);
  expect(code).toBe(0);
  const { library, devices } = JSON.parse(stdout);
  expect(library.release).toMatch(/^\d+\.\d+\.\d+$/);
  expect(devices.map(({ backend }: { backend: string }) => backend)).toContain('CPU');
});

test('inspect shows what is in a file', async () => {
  const model = fileURLToPath(new URL('../../gguf/all-MiniLM-L6-v2-Q8_0.gguf', import.meta.url));
  const { code, stdout } = await run(['inspect', model]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/parameters {2}22\.6 M \(22,565,376\) in 101 tensors/);
  expect(stdout).toMatch(/tokenizer\.ggml\.tokens +\["\[PAD\]", .*… 30,522 in all\]/);
  const json = JSON.parse((await run(['inspect', model, '--json', '--tensors'])).stdout);
  expect(json.tensors).toHaveLength(101);
  expect(json.metadata['tokenizer.ggml.tokens'].length).toBe(30_522);
});

test('npm start ranks the examples, and tells once what the starter model cannot do', async () => {
  const script = fileURLToPath(new URL('../../examples/start.mjs', import.meta.url));
  const child = spawn(process.execPath, [script]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(stdout.match(/^ 1 .*$/gm)).toEqual([
    expect.stringContaining('returns-and-refunds.txt'),
    expect.stringContaining('lentil-soup.txt'),
  ]);
  expect(stderr.match(/English only/g)).toHaveLength(1);
});
