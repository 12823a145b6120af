import { expect, test } from 'vitest';
import { Interrupted } from '../../src/cli/exit.js';
import { RerankError } from '../../src/errors.js';
import { runFake } from './fake-shell.js';

const RANK = ['rank', '-q', 'query'];
const ESCAPE = '\u001b';

test('passes every flag on', async () => {
  const run = await runFake(
    [
      ...RANK,
      ...['-n', '3', '--min-score', '-0.5', '--instruction', 'be strict', '--max-document-tokens', '100'],
      ...['--max-query-tokens', '50', '--block-size', '9', '--overflow', 'chunk', '--timeout', '1.5', '--embeddings', '--json'],
      ...['-m', 'm.gguf', '--head', 'h.safetensors', '-t', '2', '--gpu', 'cpu', '--gpu-layers', '7', '-c', '4096'],
      ...['--ubatch-size', '64', '--flash-attn', 'off', '--kv-cache-type', 'q8_0'],
      ...['--pooling', 'cls', '--query-prefix', 'query: ', '--document-prefix', ''],
    ],
    { stdin: 'a\nb\n' },
  );
  expect(run.code).toBe(0);
  const { onProgress: _p, onNotice: _n, signal: _s, ...load } = run.loads[0]?.options ?? {};
  expect([run.loads[0]?.model, load]).toEqual([
    'm.gguf',
    {
      head: 'h.safetensors',
      pooling: 'cls',
      queryPrefix: 'query: ',
      documentPrefix: '',
      threads: 2,
      gpu: 'cpu',
      gpuLayers: 7,
      contextSize: 4096,
      ubatchSize: 64,
      flashAttention: false,
      kvCacheType: 'q8_0',
    },
  ]);
  const { onProgress: _q, signal: _t, ...options } = run.calls[0]?.options ?? {};
  expect(options).toEqual({
    topN: 3,
    minScore: -0.5,
    instruction: 'be strict',
    maxDocumentTokens: 100,
    maxQueryTokens: 50,
    blockSize: 9,
    overflow: 'chunk',
    timeout: 1500,
    returnEmbeddings: true,
  });
  expect(run.disposed).toBe(1);
});

test('leaves the defaults to the library', async () => {
  const run = await runFake(RANK, { stdin: 'a' });
  expect(Object.keys(run.loads[0]?.options ?? {}).sort()).toEqual(['onNotice', 'onProgress', 'signal']);
  expect(Object.keys(run.calls[0]?.options ?? {}).sort()).toEqual(['onProgress', 'signal']);
  expect(run.loads[0]?.model).toBeUndefined();
});

test.each([
  [['-ngl', '5'], { gpuLayers: 5 }],
  [['--n-gpu-layers', '5'], { gpuLayers: 5 }],
  [['--n-gpu-layers=5'], { gpuLayers: 5 }],
  [['-ub', '32', '-fa', 'on'], { ubatchSize: 32, flashAttention: true }],
  [['-ngl', 'all', '-c', '0'], {}],
])("knows llama.cpp's names: %j", async (argv, expected) => {
  const run = await runFake([...RANK, ...argv], { stdin: 'a' });
  const { onProgress: _p, onNotice: _n, signal: _s, ...load } = run.loads[0]?.options ?? {};
  expect(load).toEqual(expected);
});

test.each([
  [[], /^Usage: llama-rerank /],
  [['frobnicate'], /unknown command 'frobnicate'/],
  [['rank', '-q', 'a', '--frobnicate'], /unknown option '--frobnicate'/],
  [['rank', '-q', 'a', '--top-n'], /option '-n, --top-n <n>' argument missing/],
  [['rank', '-q', 'a', '--top-n', '0'], /whole number, 1 or more/],
  [['rank', '-q', 'a', '--top-n', '1e3'], /whole number/],
  [['rank', '-q', 'a', '--min-score', 'high'], /must be a number/],
  [['rank', '-q', 'a', '--timeout', '0'], /above 0/],
  [['rank', '-q', 'a', '--ubatch-size', '8'], /16 to 8192/],
  [['rank', '-q', 'a', '--gpu', 'tpu'], /Allowed choices are auto, cpu, metal, cuda, vulkan/],
  [['rank', '-q', 'a', '--json', '--jsonl'], /'--json' cannot be used with option '--jsonl'/],
  [['rank', '-q', 'a', '--query-file', 'b'], /cannot be used with option/],
  [['rank', '-q', 'a', '--embeddings'], /'--embeddings' needs --json or --jsonl/],
  [['rank', '-q', 'a', '--full-text', '--json'], /'--full-text' is for the table/],
  [['rank'], /the query is missing/],
  [['rank', '-q', 'a', '-', '-'], /stdin can be read only once/],
  [['rank', '--query-file', '-', '-'], /stdin can be read only once/],
  [['rank', '-q', 'a'], /there are no documents: the input is empty/],
  [['devices', 'x'], /too many arguments/],
  [['inspect'], /missing required argument 'file'/],
])('wrong usage is exit code 2 with a usage line: %j', async (argv, message) => {
  const run = await runFake(argv, { stdin: '' });
  expect(run.code).toBe(2);
  expect(run.stderr).toMatch(message);
  expect(run.stderr).toMatch(/usage: llama-rerank/i);
  expect(run.stdout).toBe('');
  expect(run.loads).toEqual([]);
});

test('stdin that is a terminal is not read unless asked', async () => {
  const run = await runFake(RANK);
  expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('name files, or pipe lines into stdin')]);
});

test('help goes to stdout with exit code 0, grouped', async () => {
  for (const argv of [['--help'], ['rank', '--help'], ['devices', '-h'], ['inspect', '-h']]) {
    const run = await runFake(argv);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toContain('130  interrupted by Ctrl-C');
  }
  const { stdout } = await runFake(['rank', '--help']);
  const order = ['Input:', 'Ranking:', 'Model (llama.cpp names):', 'Output:', 'Examples:'].map((title) => stdout.indexOf(title));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
});

test('--version', async () => {
  expect((await runFake(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('JSON has the field names of the Jina API', async () => {
  const run = await runFake([...RANK, '--json', '-n', '1'], { stdin: 'a\nlonger\n' });
  expect(JSON.parse(run.stdout)).toEqual({
    model: 'tiny',
    score_kind: 'cosine',
    query: 'query',
    results: [{ index: 1, relevance_score: 0.06, document: { text: 'longer' }, truncated: true }],
    usage: {
      total_tokens: 1000,
      reused_tokens: 0,
      query_tokens: 3,
      query_truncated: false,
      blocks: 1,
      overflow: 'none',
      milliseconds: { queue: 0, tokens: 1, states: 500, score: 0, total: 501 },
    },
  });
  expect(run.stdout.split('\n')).toHaveLength(2);
});

test('JSON Lines has a result a line, with ids', async () => {
  const stdin = '{"id":"x","text":"a"}\n{"id":7,"text":"longer\\nwith lines"}\n';
  const run = await runFake([...RANK, '--jsonl', '--input', 'jsonl'], { stdin });
  expect(
    run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).document),
  ).toEqual([
    { id: 7, text: 'longer\nwith lines' },
    { id: 'x', text: 'a' },
  ]);
});

test('the starter model is named with its limits, another model is not', async () => {
  const starter = await runFake(RANK, { stdin: 'a' });
  expect(starter.stderr).toMatch(/starter model: English only; .*jina-reranker-v3/s);
  const other = await runFake([...RANK, '-m', 'x.gguf'], { stdin: 'a' });
  expect(other.stderr).not.toContain('starter');
  expect(other.stderr).toMatch(/tiny on CPU · 1 document, 1,000 tokens · load .* · states 500 ms\nscore 0 ms · 2,000 tokens\/s/);
});

test('--quiet leaves stderr to errors', async () => {
  const run = await runFake([...RANK, '--quiet'], { stdin: 'a', columns: 80 });
  expect([run.code, run.stderr]).toEqual([0, '']);
});

test('-v and -vv set the level of llama.cpp’s log', async () => {
  expect((await runFake([...RANK, '-v'], { stdin: 'a' })).logLevels).toEqual([3]);
  expect((await runFake([...RANK, '-v', '-v'], { stdin: 'a' })).logLevels).toEqual([4]);
  expect((await runFake(RANK, { stdin: 'a' })).logLevels).toEqual([]);
});

test('says when nothing reaches --min-score', async () => {
  const rerank = async () => {
    const milliseconds = { queue: 0, tokens: 0, states: 0, score: 0, total: 0 };
    const usage = { totalTokens: 1, reusedTokens: 0, queryTokens: 1, queryTruncated: false, blocks: 1, milliseconds };
    return { results: [], usage: { ...usage, overflow: 'none' as const } };
  };
  const run = await runFake(RANK, { stdin: 'a', rerank });
  expect([run.code, run.stdout]).toEqual([0, '']);
  expect(run.stderr).toContain('no document has the score that --min-score asks for');
});

test('colours on a terminal only, and neither with NO_COLOR, --no-color, CI nor TERM=dumb', async () => {
  const terminal = { stdin: 'a\nb', columns: 80 };
  const colored = await runFake(RANK, terminal);
  expect(colored.stdout).toContain(ESCAPE);
  expect(colored.stderr).toContain(ESCAPE);
  const plain = [
    await runFake(RANK, { stdin: 'a\nb' }),
    await runFake(RANK, { ...terminal, env: { NO_COLOR: '1' } }),
    await runFake(RANK, { ...terminal, env: { CI: 'true' } }),
    await runFake(RANK, { ...terminal, env: { TERM: 'dumb' } }),
    await runFake([...RANK, '--no-color'], terminal),
  ];
  for (const run of plain) expect(run.stdout + run.stderr).not.toContain(ESCAPE);
});

test('progress is for terminals, and gone at the end', async () => {
  const load = async ({ onProgress }: { onProgress?: (progress: { stage: 'load'; done: number; total: number }) => void }) => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    onProgress?.({ stage: 'load', done: 0.5, total: 1 });
  };
  const shown = await runFake(RANK, { stdin: 'a', columns: 80, load });
  expect(shown.stderr).toMatch(/\rloading █+ +50%\r +\r/);
  for (const [argv, columns] of [
    [RANK, undefined],
    [[...RANK, '--quiet'], 80],
    [[...RANK, '-v'], 80],
  ] as const) {
    const run = await runFake([...argv], { stdin: 'a', load, ...(columns === undefined ? {} : { columns }) });
    expect(run.stderr).not.toContain('loading');
  }
});

test.each([
  ['MODEL_NOT_FOUND', 3],
  ['TIMEOUT', 1],
  ['INVALID_QUERY', 2],
] as const)('%s is told in one line, without a stack, with exit code %i', async (code, exit) => {
  const load = async () => {
    throw new RerankError(code, 'what happened');
  };
  const run = await runFake([...RANK, '--quiet'], { stdin: 'a', load });
  expect([run.code, run.stdout, run.stderr]).toEqual([exit, '', `llama-rerank: what happened (${code})\n`]);
  const debug = await runFake([...RANK, '--quiet', '--debug'], { stdin: 'a', load });
  expect(debug.stderr).toContain('program.test.ts');
});

test('the model is disposed of when ranking fails', async () => {
  const rerank = async () => {
    throw new RerankError('NON_FINITE', 'x');
  };
  const run = await runFake(RANK, { stdin: 'a', rerank });
  expect([run.code, run.disposed]).toEqual([1, 1]);
});

test('Ctrl-C while loading and while ranking is exit code 130, without words', async () => {
  for (const stage of ['load', 'rerank']) {
    const controller = new AbortController();
    const interrupted = (async (): Promise<never> => {
      controller.abort(new Interrupted('interrupted'));
      throw new Error('some error of the native layer');
    }) as () => Promise<never>;
    const run = await runFake([...RANK, '--quiet'], { stdin: 'a', signal: controller.signal, [stage]: interrupted });
    expect([run.code, run.stdout, run.stderr]).toEqual([130, '', '']);
  }
});

test('devices as a table and as JSON', async () => {
  expect((await runFake(['devices'])).stdout).toBe(
    [
      'llama.cpp 0.4.0  /lib',
      '',
      'device  type  backend  free      memory    description',
      'CPU     cpu   CPU      1.00 GiB  8.00 GiB  Some CPU',
      '',
    ].join('\n'),
  );
  expect(JSON.parse((await runFake(['devices', '--json'])).stdout)).toEqual({
    library: { release: '0.4.0', folder: '/lib' },
    devices: [{ name: 'CPU', type: 'cpu', backend: 'CPU', description: 'Some CPU', memory_free: 2 ** 30, memory_total: 2 ** 33 }],
  });
});
