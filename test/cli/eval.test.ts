import { join } from 'node:path';
import { expect, test } from 'vitest';
import { variantsOf } from '../../src/cli/eval-variants.js';
import { writeDataset, writeFiles } from '../helpers/eval-data.js';
import { runFake } from './fake-shell.js';

const common = { load: { threads: 1 }, call: { rerank: {} } };
const labels = (...parameters: Parameters<typeof variantsOf>) => variantsOf(...parameters).map(({ label }) => label);

test('variants: models, quantizations, and what else is compared', () => {
  expect(variantsOf([], undefined, common)).toEqual([{ label: 'starter', model: undefined, ...common }]);
  expect(labels(['a/x.gguf', 'jina-reranker-v3'], undefined, common)).toEqual(['x', 'jina-reranker-v3']);
  expect(variantsOf(['jina-reranker-v3:F16'], 'Q8_0,Q4_K_M,IQ3_XS', common).map(({ model }) => model)).toEqual([
    'jina-reranker-v3:Q8_0',
    'jina-reranker-v3:Q4_K_M',
    'jina-reranker-v3:IQ3_XS',
  ]);
  expect(labels(['m.gguf'], 'model=starter,other.gguf', common)).toEqual(['starter', 'other']);
  expect(variantsOf([], 'order=given,reversed', common).map(({ call }) => call.order)).toEqual(['given', 'reversed']);
  expect(variantsOf(['m'], 'block-size=16,64', common)).toEqual([
    { label: 'block-size=16', model: 'm', load: common.load, call: { rerank: { blockSize: 16 } } },
    { label: 'block-size=64', model: 'm', load: common.load, call: { rerank: { blockSize: 64 } } },
  ]);
  expect(variantsOf([], 'lexical=0,0.4', common)[1]?.load).toEqual({ threads: 1, lexical: 0.4 });
  expect(labels(['a', 'b'], 'overflow=split,truncate', common)).toEqual([
    'a overflow=split',
    'a overflow=truncate',
    'b overflow=split',
    'b overflow=truncate',
  ]);
});

test('variants: cascades beside models, with what is compared', () => {
  const both = ['starter', '/models/strong.gguf'];
  const call = common.call;
  expect(variantsOf(['a'], undefined, common, { cascades: [both], keep: [7] })).toEqual([
    { label: 'a', model: 'a', load: common.load, call },
    { label: 'starter+strong', model: undefined, cascade: both, keep: [7], load: common.load, call },
  ]);
  const alone = variantsOf([], 'keep=5,20', common, { cascades: [both] });
  expect(alone.map(({ label, keep }) => [label, keep])).toEqual([
    ['keep=5', [5]],
    ['keep=20', [20]],
  ]);
  expect(() => variantsOf([], 'Q8_0,Q4_0', common, { cascades: [both] })).toThrow(/a cascade has several models/);
  expect(() => variantsOf(['a'], 'keep=5,20', common, { cascades: [both] })).toThrow(/is for cascades alone, and a is none/);
  expect(() => variantsOf([], undefined, common, { cascades: [both, both] })).toThrow(/two variants called 'starter\+strong'/);
});

test.each([
  [['m'], 'Q8_0', /expected DIMENSION=A,B/],
  [['m'], 'colour=a,b', /expected DIMENSION=A,B/],
  [['m'], 'toString=a,b', /expected DIMENSION=A,B/],
  [['m'], 'order=up,down', /expected given, reversed or shuffled/],
  [['m'], 'blockSize=a,b', /expected a number, got 'a'/],
  [['m.gguf'], 'Q8_0,Q4_0', /expected the name of a model with --model/],
  [[], 'Q8_0,Q4_0', /expected the name of a model with --model/],
  [['a/m.gguf', 'b/m.gguf'], undefined, /two variants called 'm'/],
])('variants that are none: %j %j', (models, compare, message) => {
  expect(() => variantsOf(models, compare, common)).toThrow(message);
});

test('a table: the first stage, the model, and how they differ', async () => {
  const folder = writeDataset(6, 40);
  const { code, stdout, stderr, loads, disposed } = await runFake(['eval', folder, '--top-k', '8', '-t', '1', '--k', '5']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/6 queries, best 8 of BM25/);
  expect(stdout).toMatch(/\n +ndcg@5 +against BM25 +tau +top-5 +a query\n/);
  expect(stdout).toMatch(/\nBM25 +0\.\d{4} ±0\.\d{4}\n/);
  expect(stdout).toMatch(
    /\nstarter +0\.\d{4} ±0\.\d{4} +[+-]0\.\d{3} \[[+-]0\.\d{3}, [+-]0\.\d{3}\] +-?\d\.\d\d +\d\.\d\d +\d+ ms\n/,
  );
  expect(stdout).toMatch(/\n +mrr@5 +map@5 +recall@5 +success@5 +p@5\n/);
  expect(stderr).toBe('evaluating starter\n');
  expect(loads.map(({ options }) => options.threads)).toEqual([1]);
  expect(disposed).toBe(1);
});

test('two variants: the first is the baseline; JSON', async () => {
  const folder = writeDataset(6, 40);
  const argv = ['eval', folder, '-m', 'a', '--compare', 'order=given,reversed', '--metrics', 'MAP,recall@3', '--json', '--quiet'];
  const { code, stdout, stderr, calls } = await runFake(argv);
  expect([code, stderr]).toEqual([0, '']);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ baseline: 'order=given', metrics: ['map', 'recall@3'], queries: 6 });
  expect(report.systems.map(({ label }: { label: string }) => label)).toEqual(['BM25', 'order=given', 'order=reversed']);
  expect(calls).toHaveLength(12);
});

test('a cascade beside its stages', async () => {
  const folder = writeDataset(6, 40);
  const argv = ['eval', folder, '-m', 'starter', '-m', 'b', '--cascade', 'starter,b', '--keep', '4', '--json'];
  const { code, stdout, stderr, loads, cascades, disposed } = await runFake(argv);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).systems.map(({ label }: { label: string }) => label)).toEqual(['BM25', 'starter', 'b', 'starter+b']);
  expect(JSON.parse(stdout).baseline).toBe('starter');
  expect(stderr).toContain('evaluating starter+b\n');
  expect(loads.map(({ model }) => model)).toEqual(['starter', 'b', 'starter', 'b']);
  expect(cascades).toEqual([{ stages: 2, options: { keep: [4] } }]);
  expect(disposed).toBe(4);
});

test.each([
  [['--keep', '3']],
  [['--cascade', 'one']],
  [['--cascade', 'a,b', '--keep', '0']],
  [['--cascade', 'a,b', '--head', 'h']],
  [['--cascade', 'a,b', '--deadline', '5']],
])('wrong usage of cascades: %j', async (flags) => {
  expect(await runFake(['eval', writeDataset(2, 20), ...flags])).toMatchObject({ code: 2, loads: [] });
});

test("TREC's form, and a run as baseline", async () => {
  const folder = writeFiles({ other: 'q0 Q0 d0 1 1 t\n' }, writeDataset(2, 20));
  const { stdout } = await runFake(['eval', folder, '--top-k', '2', '--format', 'trec']);
  expect(stdout).toMatch(/^(q0 Q0 d\d+ [12] \d\.\d+ starter\n){2}(q1 Q0 d\d+ [12] \d\.\d+ starter\n){2}$/);
  const compared = await runFake(['eval', folder, '--baseline', join(folder, 'other'), '--json']);
  expect(JSON.parse(compared.stdout)).toMatchObject({ baseline: 'other' });
});

test('wrong input has exit code 2', async () => {
  const folder = writeDataset(2, 20);
  expect(await runFake(['eval', join(folder, 'none')])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/queries\.jsonl: there is no such file \(DATASET_UNREADABLE\)/),
  });
  expect(await runFake(['eval', folder, '--metrics', 'ndcg@x'])).toMatchObject({ code: 2, loads: [] });
  expect(await runFake(['eval', folder, '--compare', 'order=given,reversed', '--format', 'trec'])).toMatchObject({ code: 2 });
});
