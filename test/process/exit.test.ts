import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeLlama, fakeModel } from '../helpers/fake-llama.js';
import { STARTER } from '../helpers/models.js';

const SCRIPT = join(import.meta.dirname, 'scripts/leave.mjs');
const CRASH = /terminate called|fatal|assert|alive at exit|segmentation|abort|corrupt|free\(\)|llama-rerank: llama\.cpp/i;

const WAYS = {
  'natural end': 0,
  'process.exit': 3,
  'exit without JavaScript': 3,
  throw: 1,
  rejection: 1,
  'worker terminated': 0,
} as const;
/** What is still said on the way, when the process may end by itself. */
const STATES = {
  idle: [],
  loading: ['loaded'],
  running: ['ranked 30'],
  queued: ['ranked 30', 'ranked 30'],
} as const;

interface Exit {
  code: number | null;
  signal: string | null;
  lines: string[];
  stderr: string;
  /** Milliseconds from when the way out began. */
  took: number;
}

async function leave(way: string, state: string, model: string, mainModel: string, env: Record<string, string>): Promise<Exit> {
  const child = spawn(process.execPath, [SCRIPT, way, state, model, mainModel], { env: { ...process.env, ...env } });
  let [stdout, stderr, begin] = ['', '', Number.NaN];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (Number.isNaN(begin) && stdout.includes('leaving\n')) begin = performance.now();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stderr, lines: stdout.trimEnd().split('\n'), took: performance.now() - begin };
}

const matrix = Object.keys(WAYS).flatMap((way) =>
  Object.keys(STATES).map((state) => [way as keyof typeof WAYS, state as keyof typeof STATES] as const),
);

function check({ code, signal, stderr, lines, took }: Exit, way: keyof typeof WAYS, state: keyof typeof STATES): void {
  expect({ signal, stderr, code }).toMatchObject({ signal: null, code: WAYS[way] });
  expect(stderr).not.toMatch(CRASH);
  if (WAYS[way] === 1) expect(stderr).toContain('Error: on purpose');
  else expect(stderr).toBe('');
  const last = { 'natural end': STATES[state], 'worker terminated': ['the main thread goes on'] };
  expect(lines).toEqual(['leaving', ...(last[way as keyof typeof last] ?? [])]);
  if (way !== 'natural end') expect(took).toBeLessThan(2000);
}

describe('C10, C12: the way out', () => {
  test.each(matrix)('%s while %s', async (way, state) => {
    check(await leave(way, state, STARTER, STARTER, {}), way, state);
  });
});

// Its loads and batches take a minute unless they are aborted, and it stops the process where something is alive at exit.
describe.skipIf(process.platform === 'win32')('C10, C12: the way out of a slow llama.cpp', () => {
  test.each(matrix)('%s while %s', async (way, state) => {
    const time = way === 'natural end' ? '300ms' : '60000ms';
    const model = fakeModel(state === 'loading' ? `load=${time}` : `encode=ok;${time}`);
    check(await leave(way, state, model, fakeModel(), { LLAMA_RERANK_LIBRARY_PATH: fakeLlama() }), way, state);
  });
});
