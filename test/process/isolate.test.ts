import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RerankError, Reranker } from '../../dist/index.js';
import { type UtilityForkOptions, type UtilityProcess, utilityLaunch } from '../../dist/isolate/electron.js';
import { IsolatedReranker } from '../../dist/isolate/isolated.js';
import { ends, isolatedChildren, theChild } from '../helpers/children.js';
import { STARTER } from '../helpers/models.js';
import { MODELS, rejection } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = [
  { id: 1, body: 'The train was late.' },
  { id: 2, body: 'Bees collect nectar and make honey of it.' },
  { id: 3, body: '' },
  { id: 4, body: `${'Café 🐝 \uD800 lone '.repeat(200)}` },
];
const OPTIONS = { gpu: 'cpu', threads: 1 } as const;
const windows = process.platform === 'win32';
const refusal = async (call: Promise<unknown>) => (await rejection(call)) as RerankError;
const bad = (value: unknown) => value as never;

/** What does not depend on the clock. */
const lasting = <T extends { usage: object }>({ usage, ...rest }: T) => ({
  ...rest,
  usage: { ...usage, milliseconds: undefined },
});

describe.each(MODELS)('%s: as in this process', (family, path) => {
  let inside: Reranker;
  let apart: Reranker;
  beforeAll(async () => {
    inside = await Reranker.load(path, { ...OPTIONS, contextSize: 512 });
    apart = await Reranker.load(path, { ...OPTIONS, contextSize: 512, isolate: true });
  });
  afterAll(() => Promise.all([inside.dispose(), apart.dispose()]));

  test('what is known of the model', () => {
    expect(apart.model).toEqual(inside.model);
    expect(Object.isFrozen(apart.model)).toBe(true);
    expect(apart.scoreKind).toBe(inside.scoreKind);
  });

  test('results have the same bits, and documents come back by reference', async () => {
    const embeddings = family === 'pairwise' ? {} : { returnEmbeddings: true };
    const options = { text: (document: { body: string }) => document.body, topN: 3, maxDocumentTokens: 100, ...embeddings };
    const [expected, got] = [await inside.rerank(QUERY, DOCUMENTS, options), await apart.rerank(QUERY, DOCUMENTS, options)];
    expect(JSON.stringify(lasting(got))).toBe(JSON.stringify(lasting(expected)));
    for (const { index, document } of got.results) expect(document).toBe(DOCUMENTS[index]);
    const { total, ...stages } = got.usage.milliseconds;
    expect(Object.values(stages).reduce((sum, time) => sum + time)).toBeCloseTo(total, 3);
    expect(await apart.countTokens(['', 'Café 🐝'])).toEqual(await inside.countTokens(['', 'Café 🐝']));
  });

  test('the same errors, with the same words', async () => {
    const calls: ((reranker: Reranker) => Promise<unknown>)[] = [
      (reranker) => reranker.rerank(bad(1), []),
      (reranker) => reranker.rerank('  ', ['a']),
      (reranker) => reranker.rerank(QUERY, ['a', 'b', 'c', bad({})]),
      (reranker) => reranker.rerank(QUERY, ['a', bad(null)]),
      (reranker) => reranker.rerank(QUERY, ['x'.repeat(2 ** 20 + 1)]),
      (reranker) => reranker.rerank(QUERY, [{ a: 1 }], { text: bad('a') }),
      (reranker) => reranker.rerank(QUERY, ['a'], { topN: 0 }),
      (reranker) => reranker.rerank(QUERY, ['a'], bad({ topn: 1 })),
      (reranker) => reranker.rerank(QUERY, ['a'], { overflow: family === 'listwise' ? 'chunk' : 'split' }),
      (reranker) => reranker.rerank(QUERY, ['a'], { documentEmbeddings: [] }),
      (reranker) => reranker.rerank(QUERY, ['word '.repeat(2000), 'b'], { overflow: 'error', maxDocumentTokens: 50_000 }),
      (reranker) => reranker.embedDocuments([bad(1)]),
      (reranker) => reranker.countTokens(['a', bad(2)]),
      (reranker) => reranker.countTokens(bad('a')),
    ];
    for (const [i, call] of calls.entries()) {
      const [expected, got] = [await refusal(call(inside)), await refusal(call(apart))];
      expect([i, got.code, got.message]).toEqual([i, expected.code, expected.message]);
      expect(got.code).toMatch(/^(INVALID_|TEXT_TOO_LARGE|CONTEXT_OVERFLOW)/);
    }
  });
});

test('embeddings cross by copy, both ways', async () => {
  const inside = await Reranker.load(STARTER, OPTIONS);
  await using apart = await Reranker.load(STARTER, { ...OPTIONS, isolate: true });
  const texts = DOCUMENTS.map(({ body }) => body);
  const expected = await inside.embedDocuments(texts);
  const progress: number[] = [];
  const got = await apart.embedDocuments(texts, { onProgress: ({ done }) => progress.push(done) });
  expect(got).toEqual(expected);
  expect(progress.length).toBeGreaterThan(0);
  const call = { documentEmbeddings: got, returnEmbeddings: true };
  expect(lasting(await apart.rerank(QUERY, texts, call))).toEqual(lasting(await inside.rerank(QUERY, texts, call)));
  await inside.dispose();
});

test('texts that take several messages cross in order, before those of later calls', async () => {
  await using apart = await Reranker.load(STARTER, { ...OPTIONS, isolate: true });
  const texts = Array.from({ length: 200 }, (_, i) => `${' '.repeat(5000)}${'a '.repeat(i % 7)}`);
  expect(await apart.countTokens(texts)).toEqual(texts.map((_, i) => i % 7));
  const order: string[] = [];
  const long = apart.embedDocuments(texts).then(() => order.push('long'));
  const short = apart.embedDocuments(['ab']).then(() => order.push('short'));
  await Promise.all([long, short]);
  expect(order).toEqual(['long', 'short']);
});

test('errors of a load are those of a load in this process', async () => {
  for (const [model, options] of [
    ['/nowhere/at/all.gguf', {}],
    [import.meta.filename ?? __filename, {}],
    [STARTER, { threads: 0 }],
    [STARTER, { sha256: '0'.repeat(64) }],
  ] as const) {
    const expected = await rejection(Reranker.load(model, options));
    const got = await rejection(Reranker.load(model, { ...options, isolate: true }));
    expect(got).toMatchObject({ code: (expected as { code: string }).code, message: (expected as Error).message });
  }
  expect(await rejection(Reranker.load(STARTER, { isolate: bad('yes') }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'options.isolate: expected true or false, got "yes"',
  });
});

test('progress of the load arrives', async () => {
  const stages = new Set<string>();
  const reranker = await Reranker.load(STARTER, { ...OPTIONS, isolate: true, onProgress: ({ stage }) => stages.add(stage) });
  expect([...stages]).toEqual(['load']);
  await reranker.dispose();
});

test('dispose ends the process, once', async () => {
  const reranker = await Reranker.load(STARTER, { ...OPTIONS, isolate: true });
  const child = await theChild();
  expect(reranker.dispose()).toBe(reranker.dispose());
  await reranker.dispose();
  expect(await ends(child, 100)).toBe(true);
});

describe.skipIf(windows)('the process ends with its parent', () => {
  const script = join(import.meta.dirname, 'scripts/isolated-parent.mjs');

  test.each([
    ['idle', 'natural end', 0],
    ['idle', 'process.exit', 3],
    ['idle', 'throw', 1],
    ['idle', 'SIGKILL', null],
    ['running', 'process.exit', 3],
    ['running', 'SIGKILL', null],
    ['loading', 'SIGKILL', null],
    ['in a worker thread', 'natural end', 0],
    ['in a worker thread', 'SIGKILL', null],
  ])('%s, %s', async (state, way, expected) => {
    const parent = spawn(process.execPath, [script, state, way], { stdio: ['pipe', 'pipe', 'pipe'] });
    let stderr = '';
    parent.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    await once(parent.stdout, 'data');
    const child = await theChild(parent.pid);
    parent.stdin.end();
    if (way === 'SIGKILL') parent.kill('SIGKILL');
    const [code] = await once(parent, 'close');
    expect(code).toBe(expected);
    expect(await ends(child)).toBe(true);
    if (way !== 'throw') expect(stderr).toBe('');
  });
});

test.skipIf(process.platform !== 'linux')(
  'R03: memory that is capped in the process is an error of a call, and the next one works',
  async () => {
    await using reranker = await Reranker.load(STARTER, { ...OPTIONS, isolate: true });
    const documents = Array.from({ length: 200 }, (_, i) => `document ${i} ${'of many words '.repeat(60)}`);
    const child = await theChild();
    const pages = Number(execFileSync('cut', ['-d ', '-f1', `/proc/${child}/statm`], { encoding: 'utf8' }));
    execFileSync('prlimit', ['--pid', String(child), `--as=${pages * 4096}:${pages * 4096}`]);
    expect(await rejection(reranker.rerank(QUERY, documents))).toMatchObject({
      code: expect.stringMatching(/^(INSUFFICIENT_MEMORY|WORKER_CRASHED)$/),
    });
    if (isolatedChildren().includes(child)) process.kill(child, 'SIGKILL');
    await ends(child);
    expect((await reranker.rerank(QUERY, documents.slice(0, 3))).results).toHaveLength(3);
  },
);

// Electron's side of the line: messages to the child come in `event.data` of `process.parentPort`.
test("Electron's utility process", async () => {
  const children: ChildProcess[] = [];
  const seen: { path: string; options: UtilityForkOptions }[] = [];
  const launch = utilityLaunch({
    fork(path, _args, options) {
      seen.push({ path, options });
      const child = fork(join(import.meta.dirname, 'scripts/utility-process.mjs'), [path], {
        ...{ cwd: options.cwd, env: options.env, execArgv: options.execArgv },
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      children.push(child);
      return Object.assign(child, { postMessage: (message: never) => child.send(message) }) as unknown as UtilityProcess;
    },
  });
  const apart = await IsolatedReranker.open(STARTER, OPTIONS, { launch });
  const inside = await Reranker.load(STARTER, OPTIONS);
  expect(lasting(await apart.rerank(QUERY, DOCUMENTS, { text: 'body' }))).toEqual(
    lasting(await inside.rerank(QUERY, DOCUMENTS, { text: 'body' })),
  );
  const pending = rejection(apart.rerank(QUERY, DOCUMENTS, { text: 'body' }));
  children[0]?.kill('SIGKILL');
  expect(await pending).toMatchObject({ code: 'WORKER_CRASHED' });
  expect(await apart.countTokens(['ab'])).toEqual(await inside.countTokens(['ab']));
  expect(children).toHaveLength(2);
  expect(seen[0]).toMatchObject({ options: { stdio: ['ignore', 'ignore', 'pipe'], serviceName: 'llama-rerank' } });
  await apart.dispose();
  expect(children[1]?.exitCode).toBe(0);
  await inside.dispose();
  expect(isolatedChildren()).toEqual([]);
});
