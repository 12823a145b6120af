import { describe, expect, test } from 'vitest';
import { RerankError, type Verification } from '../../src/index.js';
import { runFake } from './fake-shell.js';

const CACHED = [
  { name: 'tiny:Q8_0', repository: 'a/b', file: 'tiny.gguf', path: '/cache/tiny.gguf', bytes: 3 * 2 ** 20, partial: false },
  { name: 'hf:a/c', repository: 'a/c', file: '', path: '/cache/x.incomplete', bytes: 1024, partial: true },
];

const RIGHT: Verification = {
  path: '/models/tiny-Q8_0.gguf',
  name: 'tiny',
  quantization: 'Q8_0',
  verdict: 'right',
  examples: [
    {
      query: 'tea?',
      documents: ['green tea', 'bas\u001b[31mketball'],
      separately: false,
      expected: [0.2978, -0.1606],
      got: [0.2951, -0.1601],
      largestDifference: 0.0027,
      tolerance: 0.01,
      precision: 'float32',
      source: 'somebody',
      verdict: 'right',
    },
  ],
};

describe('pull', () => {
  test('shows progress and remarks on stderr, and the path on stdout', async () => {
    const run = await runFake(['pull', 'tiny:Q8_0'], {
      columns: 90,
      async resolve({ onNotice, onProgress }) {
        onNotice?.('tiny: licence X, NOT for commercial use');
        await new Promise((resolve) => setTimeout(resolve, 200));
        onProgress?.({ stage: 'download', done: 2 ** 20, total: 2 ** 21 });
      },
    });
    expect(run.code).toBe(0);
    expect(run.stdout).toBe('/cache/tiny:Q8_0.gguf\n');
    expect(run.stderr).toMatch(
      /NOT for commercial use.*fetching █+ +50% {2}1\.00 MiB of 2\.00 MiB.*fetched and verified 2\.00 MiB/s,
    );
  });

  test('says that nothing had to be fetched; --quiet says nothing', async () => {
    expect((await runFake(['pull', 'tiny'])).stderr).toBe('already there\n');
    const resolve = ({ onNotice }: { onNotice?: (notice: string) => void }): void => onNotice?.('licence');
    expect(await runFake(['pull', 'tiny', '--quiet'], { resolve })).toMatchObject({ code: 0, stderr: '' });
  });

  test('fails with the code for models', async () => {
    const resolve = async (): Promise<void> => {
      throw new RerankError('DOWNLOAD_GATED', 'tiny: agree to the terms');
    };
    const run = await runFake(['pull', 'tiny'], { resolve });
    expect(run).toMatchObject({ code: 3, stdout: '', stderr: 'llama-rerank: tiny: agree to the terms (DOWNLOAD_GATED)\n' });
  });
});

describe('cache', () => {
  test('ls', async () => {
    const { code, stdout } = await runFake(['cache', 'ls'], { cached: CACHED });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^name +size +file\ntiny:Q8_0 +3\.00 MiB +\/cache\/tiny\.gguf\nhf:a\/c +1\.00 KiB +incomplete: pull goes on\n2 files, .* in \/cache\n$/,
    );
    expect(JSON.parse((await runFake(['cache', 'ls', '--json'], { cached: CACHED })).stdout)).toEqual(CACHED);
  });

  test('rm', async () => {
    const { code, stdout } = await runFake(['cache', 'rm', 'tiny:Q8_0'], { cached: CACHED });
    expect([code, stdout]).toEqual([0, 'removed tiny:Q8_0  3.00 MiB\n']);
  });

  test('path', async () => {
    expect((await runFake(['cache', 'path'])).stdout).toBe('/cache\n');
    const run = await runFake(['cache', 'path', 'tiny']);
    expect(run.stdout).toBe('/cache/tiny.gguf\n');
    expect(run.resolved[0]?.options).toEqual({ download: 'never' });
  });

  test.each([[['cache']], [['cache', 'rm']], [['cache', 'frobnicate']], [['pull']], [['verify']]])(
    '%j is wrong usage',
    async (argv) => {
      const { code, stderr } = await runFake(argv);
      expect(code).toBe(2);
      expect(stderr).toMatch(/usage: llama-rerank|Usage: llama-rerank/);
    },
  );
});

describe('verify', () => {
  const argv = ['verify', 'tiny', '--catalog', 'my.json', '--as', 'tiny', '--gpu', 'cpu', '--offline'];

  test('shows expected and got, side by side', async () => {
    const run = await runFake(argv, { verification: RIGHT });
    expect(run.code).toBe(0);
    expect(run.stdout).toBe(
      [
        'tiny  tiny-Q8_0.gguf, mostly Q8_0',
        '',
        'tea?',
        'float32: somebody',
        ' expected       got     off  document',
        '   0.2978    0.2951  0.0027  green tea',
        '  -0.1606   -0.1601  0.0005  basketball',
        'right: off by 0.0027 at most, 0.01 allowed',
        '',
        'right: scores are the published ones (1 list)',
        '',
      ].join('\n'),
    );
    const expected = { catalog: 'my.json', as: 'tiny', gpu: 'cpu', download: 'never' };
    expect(run.verified[0]).toMatchObject({ model: 'tiny', options: expected });
    expect(JSON.parse((await runFake([...argv, '--json'], { verification: RIGHT })).stdout)).toEqual(RIGHT);
  });

  test('close is no failure, wrong is exit code 1, and no examples are said to be none', async () => {
    expect(await runFake(argv, { verification: { ...RIGHT, verdict: 'close' } })).toMatchObject({ code: 0 });
    const wrong = await runFake(argv, { verification: { ...RIGHT, verdict: 'wrong' } });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/wrong: scores are not the published ones/);
    expect(wrong.stderr).toMatch(/tiny-Q8_0\.gguf: scores differ .* \(WRONG_SCORES\)\n$/);
    const none = await runFake(argv, { verification: { ...RIGHT, examples: [], verdict: undefined } });
    expect([none.code, none.stdout]).toEqual([0, expect.stringMatching(/no scores are published for this model/)]);
  });
});

test('-m takes names, --offline forbids to fetch, and remarks go to stderr', async () => {
  const argv = ['rank', '-m', 'tiny', '-q', 'a', '--offline'];
  const load = async ({ onNotice }: { onNotice?: (notice: string) => void }): Promise<void> => onNotice?.('tiny: licence X');
  const run = await runFake(argv, { stdin: 'a', load });
  expect(run.loads[0]).toMatchObject({ model: 'tiny', options: { download: 'never' } });
  expect(run.stderr).toMatch(/^tiny: licence X\n/);
  expect((await runFake([...argv, '--quiet'], { stdin: 'a', load })).stderr).toBe('');
});
