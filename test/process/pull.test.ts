import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { COMMIT, type FakeHub, fakeHub, sendBytes, sha256, temporary, weights } from '../helpers/fake-hub.js';
import { tinyListwise } from '../helpers/models.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FILE = 'tiny-Q8_0.gguf';
const NAME = `hf:someone/tiny-GGUF/${FILE}#${COMMIT}`;
const BYTES = weights(1_000_000);
const windows = process.platform === 'win32';

interface Run {
  child: ChildProcess;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

function start(argv: string[], env: Record<string, string>, stdin: 'ignore' | 'pipe' = 'ignore'): Run {
  const child = spawn(process.execPath, [CLI, ...argv], { env: { ...process.env, ...env }, stdio: [stdin, 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return { child, ended: once(child, 'close').then(([code, signal]) => ({ code, signal, ...output })) };
}

const run = (argv: string[], env: Record<string, string>) => start(argv, env).ended;

function environment(hub: FakeHub): { env: Record<string, string>; blobs: string } {
  const home = temporary('pull-');
  const env = { HF_HOME: home, XDG_CACHE_HOME: temporary('pull-'), HF_ENDPOINT: hub.endpoint, HF_TOKEN: '', HF_HUB_OFFLINE: '' };
  return { env, blobs: join(home, 'hub/models--someone--tiny-GGUF/blobs') };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    if (waited > 30_000) throw new Error('it has not happened within 30 seconds');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends half of the file, and then nothing. */
function sendHalf(response: ServerResponse): true {
  response.writeHead(200, { etag: `"${sha256(BYTES).slice(0, 16)}"`, 'content-length': BYTES.length });
  response.write(BYTES.subarray(0, 500_000));
  return true;
}

const isHalf = (blobs: string): boolean =>
  existsSync(blobs) &&
  readdirSync(blobs).some((name) => name.endsWith('.incomplete') && statSync(join(blobs, name)).size === 500_000);

test('D06: two processes that fetch one model at once make one good file', async () => {
  const hub = await fakeHub({ [FILE]: BYTES });
  const { env, blobs } = environment(hub);
  hub.onBytes = (request, response) => Boolean(setTimeout(() => sendBytes(request, response, BYTES), 300));
  const [one, two] = await Promise.all([run(['pull', NAME], env), run(['pull', NAME], env)]);
  expect([one.code, two.code]).toEqual([0, 0]);
  expect(one.stdout).toBe(two.stdout);
  expect(readFileSync(one.stdout.trim()).equals(BYTES)).toBe(true);
  expect(hub.bytesSeen()).toHaveLength(1);
  expect(readdirSync(blobs)).toEqual([sha256(BYTES)]);
});

test('D07: a download that was killed leaves no model, and the next goes on', async () => {
  const hub = await fakeHub({ [FILE]: BYTES });
  const { env, blobs } = environment(hub);
  hub.onBytes = (_, response, count) => (count === 1 ? sendHalf(response) : undefined);
  const { child, ended } = start(['pull', NAME], env);
  await until(() => isHalf(blobs));
  child.kill('SIGKILL');
  await ended;
  expect(existsSync(join(dirname(blobs), 'snapshots'))).toBe(false);
  expect(existsSync(join(blobs, sha256(BYTES)))).toBe(false);
  const { code, stdout } = await run(['pull', NAME, '--quiet'], env);
  expect([code, readFileSync(stdout.trim()).equals(BYTES)]).toEqual([0, true]);
  expect(hub.bytesSeen()[1]?.range).toBe('bytes=500000-');
  expect(readdirSync(blobs)).toEqual([sha256(BYTES)]);
});

test.skipIf(windows)('L05: Ctrl-C while downloading ends within a second, and the next goes on', async () => {
  const hub = await fakeHub({ [FILE]: BYTES });
  const { env, blobs } = environment(hub);
  hub.onBytes = (_, response, count) => (count === 1 ? sendHalf(response) : undefined);
  const { child, ended } = start(['pull', NAME], env);
  await until(() => isHalf(blobs));
  const begin = performance.now();
  child.kill('SIGINT');
  const { code, signal, stderr } = await ended;
  expect(performance.now() - begin).toBeLessThan(1000);
  expect([code, signal]).toEqual([130, null]);
  expect(stderr).not.toMatch(/llama-rerank:/);
  expect(readdirSync(blobs).filter((name) => name.endsWith('.lock'))).toEqual([]);
  expect((await run(['pull', NAME, '--quiet'], env)).code).toBe(0);
  expect(hub.bytesSeen()[1]?.range).toBe('bytes=500000-');
});

const FETCHING = /^llama-rerank: fetching \d+% {2}.* of 977 KiB/m;

test.each([
  ['serve', ['--port', '0'], /^\{"level":30,.*"model":"hf:someone.*"bytes":\d+,"total":1000000,"msg":"fetching the model"\}$/m],
  ['worker', ['--redis', 'redis://127.0.0.1:1'], FETCHING],
])('%s says on stderr that it fetches', async (command, flags, line) => {
  const hub = await fakeHub({ [FILE]: BYTES });
  // These bytes are no model.
  const { code, stdout, stderr } = await run([command, '-m', NAME, ...flags], environment(hub).env);
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(line);
});

test('mcp says on stderr alone that it fetches', async () => {
  const hub = await fakeHub({ [FILE]: BYTES });
  const { child, ended } = start(['mcp', '-m', NAME], environment(hub).env, 'pipe');
  let said = '';
  child.stderr?.on('data', (text: string) => {
    said += text;
  });
  await until(() => FETCHING.test(said));
  child.stdin?.end();
  expect(await ended).toMatchObject({ code: 0, stdout: '' });
});

describe('a real model by its name', () => {
  const MODEL = 'hf:someone/tiny-v3:F16';

  test('is fetched with its head by `rank`, found by the next run, listed and removed', async () => {
    const tiny = tinyListwise();
    const head = readFileSync(join(dirname(tiny), 'projector.safetensors'));
    const hub = await fakeHub({ 'tiny-v3-F16.gguf': readFileSync(tiny), 'projector.safetensors': head });
    const { env } = environment(hub);
    const text = join(temporary(), 'a.txt');
    writeFileSync(text, 'Bees collect nectar.');
    const argv = ['rank', '-m', MODEL, '-q', 'how do bees make honey?', '--gpu', 'cpu', '--json', text];

    const offline = await run([...argv, '--offline'], env);
    expect(offline).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/\(OFFLINE\)\n$/) });
    const first = await run(argv, env);
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/its licence is at .*\n.*may change; hf:someone\/tiny-v3\/tiny-v3-F16\.gguf#c0ffee/);
    expect(first.stderr).not.toMatch(/Warning/);
    const asked = hub.seen.length;
    const second = await run(argv, { ...env, HF_HUB_OFFLINE: '1' });
    expect(hub.seen).toHaveLength(asked);
    expect(JSON.parse(second.stdout).results).toEqual(JSON.parse(first.stdout).results);

    const listed = JSON.parse((await run(['cache', 'ls', '--json'], env)).stdout);
    expect(listed).toEqual([
      expect.objectContaining({ name: 'hf:someone/tiny-v3/tiny-v3-F16.gguf', bytes: statSync(tiny).size }),
    ]);
    expect((await run(['cache', 'path', MODEL], env)).stdout).toBe(`${listed[0].path}\n`);
    expect((await run(['cache', 'rm', MODEL], env)).code).toBe(0);
    expect(readdirSync((await run(['cache', 'path'], env)).stdout.trim())).toEqual([]);
  });

  test('is verified against published scores', async () => {
    const tiny = tinyListwise();
    const catalog = join(temporary(), 'catalog.json');
    const write = (scores: number[]): void => {
      const runs = [{ precision: 'float16', source: 'this test', tolerance: 0.001, scores }];
      const examples = [{ query: 'a', documents: ['b', 'c'], runs }];
      const licence = { id: 'none', commercial: true };
      const model = { name: 'tiny', files: { F16: { file: 'x.gguf' } }, quantization: 'F16', licence, supported: true, examples };
      writeFileSync(catalog, JSON.stringify({ models: [model] }));
    };
    write([0, 0]);
    const argv = ['verify', tiny, '--catalog', catalog, '--gpu', 'cpu', '--json'];
    const wrong = await run(argv, {});
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/\(WRONG_SCORES\)\n$/)]);
    write(JSON.parse(wrong.stdout).examples[0].got);
    const right = await run(argv, {});
    expect([right.code, JSON.parse(right.stdout).verdict, right.stderr]).toEqual([0, 'right', '']);
  });
});
