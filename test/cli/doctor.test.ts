import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  archiveFinding,
  cacheFindings,
  memoryFinding,
  nodeFinding,
  platformFinding,
  processorFinding,
} from '../../src/cli/doctor-system.js';
import { failureOf } from '../../src/cli/probe.js';
import type { Api } from '../../src/cli/shell.js';
import { runFake } from './fake-shell.js';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DEVICES = {
  library: { release: '0.4.0', folder: '/lib', addon: '/a/llama_rerank.node' },
  devices: [{ name: 'CPU', type: 'cpu', description: 'Some CPU', memory_total: 2 ** 33 }],
};
const answered = (stdout: object) => ({ ended: 0, stdout: JSON.stringify(stdout), stderr: '' });
const ranking = (index: number) =>
  answered({ results: [{ index, relevance_score: 0.5 }], usage: { milliseconds: { total: 20 } } });
const stateOf = (stdout: string, name: string) =>
  JSON.parse(stdout).findings.find((finding: { name: string }) => finding.name === name);

test('a healthy installation: each finding on a line, exit code 0', async () => {
  const asked: [readonly string[], string | undefined][] = [];
  const run = await runFake(['doctor'], {
    probe: (argv, input) => {
      asked.push([argv, input]);
      return argv[0] === 'devices' ? answered(DEVICES) : ranking(1);
    },
  });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(asked.map(([argv]) => argv[0])).toEqual(['devices', 'rank']);
  expect(asked[1]?.[1]).toContain('Refunds');
  expect(run.stdout).toContain('ok    llama.cpp  0.4.0 in /lib\n');
  expect(run.stdout).toMatch(/\nok {4}ranking {4}the starter model finds the answer \(0\.5000\) in 20 ms\n/);
  expect(run.stdout).toMatch(/\n\nall is well\n$/);
});

test('what does not work is exit code 1, with what to do; no colours in a pipe', async () => {
  const stderr = 'llama-rerank: no llama.cpp for linux-x64. Run: npm install x (NATIVE_LOAD_FAILED)\n';
  const run = await runFake(['doctor'], {
    probe: () => ({ ended: 3, stdout: '', stderr }),
    env: { LLAMA_RERANK_LIBRARY_PATH: '/x' },
  });
  expect(run).toMatchObject({ code: 1, stderr: 'llama-rerank: 1 problem: llama.cpp (UNHEALTHY)\n' });
  expect(run.stdout).toMatch(
    /bad {3}llama\.cpp {2}no llama\.cpp for linux-x64\. Run: npm install x\n +-> unset LLAMA_RERANK_LIBRARY_PATH,/,
  );
  expect(run.stdout).toContain('note  ranking    not tried');
  expect(run.stdout).not.toContain('\u001b');
});

test('a process that crashed is a finding with its signal and last lines', async () => {
  const stderr = 'llama-rerank: llama.cpp 0.4.0 stopped the process: GGML_ASSERT(false) failed\n';
  const run = await runFake(['doctor', '--json'], { probe: () => ({ ended: 'SIGABRT', stdout: '', stderr }) });
  expect(run.code).toBe(1);
  expect(JSON.parse(run.stdout).healthy).toBe(false);
  expect(stateOf(run.stdout, 'native code')).toMatchObject({
    state: 'bad',
    found: expect.stringMatching(/signal SIGABRT.*GGML_ASSERT/),
  });
});

test('a wrong order is a finding', async () => {
  const run = await runFake(['doctor', '--json'], { probe: ([name]) => (name === 'devices' ? answered(DEVICES) : ranking(2)) });
  expect(run.code).toBe(1);
  expect(stateOf(run.stdout, 'ranking')).toMatchObject({ state: 'bad', found: expect.stringContaining('"The train was late."') });
  expect(stateOf(run.stdout, 'addon')).toEqual({ name: 'addon', state: 'ok', found: '/a/llama_rerank.node' });
});

test.each([
  [{ ended: 3, stdout: '', stderr: 'a warning\nllama-rerank: no addon (NATIVE_LOAD_FAILED)\n' }, 'no addon'],
  [{ ended: 'SIGKILL', stdout: '', stderr: '' }, 'the process that tried it ended with signal SIGKILL. Its last lines: none'],
  [{ ended: 134, stdout: '', stderr: 'a\n\nb\n' }, 'the process that tried it ended with exit code 134. Its last lines: a | b'],
])('why a probe failed: %j', (probe, expected) => {
  expect(failureOf(probe)).toBe(expected);
});

test.each([
  ['v20.3.0', 'ok'],
  ['v26.0.1', 'ok'],
  ['v20.2.9', 'bad'],
  ['v18.20.0', 'bad'],
])('Node %s is %s', (version, state) => {
  expect(nodeFinding(version)).toMatchObject({ state, found: version });
});

test.each([
  ['darwin', 'arm64', {}, 'ok', 'darwin-arm64'],
  ['linux', 'x64', { glibcVersionRuntime: '2.28' }, 'ok', 'linux-x64, glibc 2.28'],
  ['linux', 'x64', { glibcVersionRuntime: '2.17' }, 'note', 'linux-x64, glibc 2.17'],
  ['linux', 'arm64', {}, 'note', 'linux-arm64, no glibc (musl?)'],
])('%s %s %j is %s', (platform, arch, header, state, found) => {
  expect(platformFinding(platform, arch, header)).toMatchObject({ state, found });
});

test('which kernels compute', () => {
  let cpuinfo = 'processor : 0\nflags\t\t: fpu f16c fma avx2 avx_vnni avx512f avx512bw avx512vl avx512_vnni sse\n';
  expect(processorFinding({}, cpuinfo)).toMatchObject({ state: 'ok', found: expect.stringMatching(/, AVX-512 kernels$/) });
  expect(processorFinding({ LLAMA_RERANK_KERNELS: 'off' }, cpuinfo)).toMatchObject({
    state: 'note',
    found: expect.stringMatching(/, AVX-512 kernels, LLAMA_RERANK_KERNELS is off$/),
    advice: expect.stringContaining('unset'),
  });
  for (const [flag, kernels] of [
    ['avx512bw', 'AVX-VNNI kernels'],
    ['avx_vnni', 'AVX2 kernels'],
    ['f16c', "ggml's kernels"],
  ]) {
    cpuinfo = cpuinfo.replace(`${flag} `, '');
    expect(processorFinding({}, cpuinfo).found).toMatch(new RegExp(`, ${kernels}$`));
  }
  expect(processorFinding({}, undefined)).toMatchObject({ state: 'ok', found: expect.stringMatching(/, ggml's kernels$/) });
});

test('little memory is a note', () => {
  expect(memoryFinding(2 ** 29, 2 ** 33)).toMatchObject({ state: 'note', found: '512 MiB free of 8.00 GiB' });
  expect(memoryFinding(2 ** 33, 2 ** 34)).toMatchObject({ state: 'ok' });
});

test('the cache, whether it is there or not, and the settings without secrets', async () => {
  const api = { cacheFolder: () => join(folder, 'not/there/yet') } as Api;
  const findings = await cacheFindings({ api, env: { HF_TOKEN: 'hf_secret', HF_HUB_OFFLINE: '1' } });
  expect(findings).toMatchObject([
    { name: 'cache', state: 'ok', found: expect.stringContaining('not/there/yet (made on first use)') },
    { name: 'hub', state: 'note', found: 'HF_HUB_OFFLINE=1, HF_TOKEN is set', advice: expect.stringContaining('unset it') },
  ]);
  expect(JSON.stringify(findings)).not.toContain('secret');
});

test('a cache that cannot be, and settings that cannot be read', async () => {
  const below = { cacheFolder: () => join(import.meta.filename, 'hub') } as Api;
  expect(await cacheFindings({ api: below, env: {} })).toMatchObject([
    { name: 'cache', state: 'bad', found: expect.stringContaining('ENOTDIR') },
    {},
  ]);
  const wrong = {
    cacheFolder: () => {
      throw new Error('HF_ENDPOINT: expected a URL');
    },
  } as unknown as Api;
  expect(await cacheFindings({ api: wrong, env: {} })).toMatchObject([{ state: 'bad', found: 'HF_ENDPOINT: expected a URL' }]);
});

test('an archive of Electron is said to be one', () => {
  expect(archiveFinding('file:///app/resources/app.asar/node_modules/llama-rerank/dist/cli/doctor.js')).toMatchObject([
    { state: 'bad', advice: expect.stringContaining('asarUnpack') },
  ]);
  expect(archiveFinding('file:///app/resources/app.asar.unpacked/node_modules/llama-rerank/dist/cli/doctor.js')).toEqual([]);
});
