import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeLlama } from '../helpers/fake-llama.js';
import { addonFile } from '../helpers/native.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli/main.js');
const windows = process.platform === 'win32';

interface Finding {
  name: string;
  state: string;
  found: string;
  advice?: string;
}

function doctor(env: Record<string, string> = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [CLI, 'doctor', '--json'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: Finding[] };
  return { status, signal, stderr, healthy, bad: findings.filter(({ state }) => state === 'bad'), findings };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: Buffer | string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

test('L07: a good installation is healthy', () => {
  const { status, stderr, healthy, findings } = doctor();
  expect({ status, stderr, healthy }).toEqual({ status: 0, stderr: '', healthy: true });
  expect(findings.map(({ name }) => name)).toEqual(
    'node platform processor memory addon llama.cpp devices ranking cache hub'.split(' '),
  );
  expect(findings.find(({ name }) => name === 'addon')?.found).toBe(addonFile());
});

describe('L07: a broken one is said to be broken, with what to do, and exit code 1', () => {
  const broken: [what: string, env: () => Record<string, string>, name: string, found: RegExp][] = [
    ['no addon', () => ({ LLAMA_RERANK_ADDON: join(folder, 'nowhere.node') }), 'addon', /could not be loaded.*nowhere\.node/],
    ['an addon that is none', () => ({ LLAMA_RERANK_ADDON: put('text.node', 'a web page') }), 'addon', /text\.node/],
    ['no llama.cpp', () => ({ LLAMA_RERANK_LIBRARY_PATH: folder }), 'llama.cpp', /no llama\.cpp for .*LLAMA_RERANK_LIBRARY_PATH/],
    [
      'a llama.cpp that is none',
      () => {
        for (const name of ['libllama.so', 'libggml.so', 'libggml-base.so']) put(name, 'a web page');
        return { LLAMA_RERANK_LIBRARY_PATH: folder };
      },
      'llama.cpp',
      /.+/,
    ],
    ['a cache below a file', () => ({ HF_HUB_CACHE: join(put('file', ''), 'hub') }), 'cache', /cannot be written \(ENOTDIR\)/],
  ];

  test.each(broken)('%s', (_, env, name, found) => {
    const { status, signal, stderr, healthy, bad } = doctor(env());
    expect({ status, signal, healthy }).toEqual({ status: 1, signal: null, healthy: false });
    expect(bad).toMatchObject([{ name, found: expect.stringMatching(found), advice: expect.stringMatching(/\w/) }]);
    expect(stderr).toBe(`llama-rerank: 1 problem: ${name} (UNHEALTHY)\n`);
  });

  test.skipIf(process.platform !== 'linux')('an addon for another processor', () => {
    const addon = readFileSync(addonFile());
    // e_machine of the ELF header: RISC-V.
    addon.writeUInt16LE(243, 18);
    const { status, bad } = doctor({ LLAMA_RERANK_ADDON: put('other.node', addon) });
    expect({ status, bad }).toMatchObject({ status: 1, bad: [{ name: 'addon', found: expect.stringContaining('other.node') }] });
  });

  // The system gives signal SIGBUS for what lies behind the end, or refuses the file.
  test.skipIf(windows)('an addon cut short', () => {
    const { status, bad } = doctor({ LLAMA_RERANK_ADDON: put('short.node', readFileSync(addonFile()).subarray(0, 1000)) });
    expect({ status, bad }).toMatchObject({ status: 1, bad: [{ name: expect.stringMatching(/^(addon|native code)$/) }] });
  });

  test.skipIf(windows)('an addon that ends the process', () => {
    const source = put('abort.c', '#include <stdlib.h>\n__attribute__((constructor)) static void stop(void) { abort(); }\n');
    const output = join(folder, 'abort.node');
    execFileSync('cc', ['-shared', '-fPIC', '-o', output, source]);
    const { status, bad } = doctor({ LLAMA_RERANK_ADDON: output });
    expect({ status, bad }).toMatchObject({
      status: 1,
      bad: [{ name: 'native code', found: expect.stringContaining('signal SIGABRT') }],
    });
  });

  test.skipIf(windows)('a llama.cpp that computes nonsense', () => {
    const { status, bad } = doctor({ LLAMA_RERANK_LIBRARY_PATH: fakeLlama() });
    expect({ status, bad }).toMatchObject({ status: 1, bad: [{ name: 'ranking' }] });
  });
});
