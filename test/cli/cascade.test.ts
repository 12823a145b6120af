import { describe, expect, test } from 'vitest';
import { progressLine } from '../../src/cli/progress.js';
import type { LoadedReranker } from '../../src/cli/shell.js';
import { rankTable } from '../../src/cli/table.js';
import type { StageReport } from '../../src/index.js';
import { emptyUsage } from '../../src/usage.js';
import { runFake, sink } from './fake-shell.js';

const RANK = ['rank', '-q', 'query'];

const report = (model: string, documents: number, scored: number): StageReport => ({
  model,
  scoreKind: 'cosine',
  documents,
  scored,
  complete: documents === scored,
  milliseconds: 12.34567,
  usage: { ...emptyUsage(), totalTokens: 7 },
});

const rerank: LoadedReranker['rerank'] = async (_, documents) => ({
  results: documents.map((document, index) => ({
    index,
    relevanceScore: [-0.1, -0.2, 0.9, 0.45][index] ?? 0,
    document,
    truncated: false,
    stage: index < 2 ? 1 : 0,
  })),
  usage: emptyUsage(),
  stages: [report('quick', 4, 4), { ...report('good', 3, 2), scoreKind: 'probability' }],
});

describe('rank', () => {
  test('--cascade loads its models and makes one of them', async () => {
    const run = await runFake([...RANK, '--cascade', 'starter, good.gguf', '--keep', '5', '--deadline', '250', '-t', '2'], {
      stdin: 'a\nb',
    });
    expect(run.code).toBe(0);
    expect(run.loads.map(({ model, options }) => [model, options.threads])).toEqual([
      ['starter', 2],
      ['good.gguf', 2],
    ]);
    expect(run.cascades).toEqual([{ stages: 2, options: { keep: [5] } }]);
    expect(run.calls[0]?.options).toMatchObject({ deadline: 250 });
    expect(run.disposed).toBe(2);
    expect(run.stderr).not.toContain('English only');
  });

  test('keep is left to the library', async () => {
    const run = await runFake([...RANK, '--cascade', 'a,b,c', '--keep', '9,3'], { stdin: 'a' });
    expect(run.cascades).toEqual([{ stages: 3, options: { keep: [9, 3] } }]);
    expect((await runFake([...RANK, '--cascade', 'a,b'], { stdin: 'a' })).cascades).toEqual([{ stages: 2, options: {} }]);
  });

  test('a model that cannot be loaded frees the others', async () => {
    const load = async (_: unknown, model: string | undefined) => {
      if (model === 'b') throw new Error('not there');
    };
    const run = await runFake([...RANK, '--cascade', 'a,b'], { stdin: 'a', load });
    expect(run.code).not.toBe(0);
    expect(run.disposed).toBe(1);
  });

  test.each([
    [['--cascade', 'one']],
    [['--cascade', 'one,']],
    [['--cascade', 'a,b', '-m', 'c']],
    [['--cascade', 'a,b', '--head', 'h']],
    [['--cascade', 'a,b', '--min-score', '0.5']],
    [['--cascade', 'a,b', '--embeddings', '--json']],
    [['--cascade', 'a,b', '--keep', '0']],
    [['--cascade', 'a,b', '--deadline', '0']],
    [['--keep', '3']],
    [['--deadline', '3']],
  ])('wrong usage: %j', async (flags) => {
    const run = await runFake([...RANK, ...flags], { stdin: 'a' });
    expect(run.code).toBe(2);
    expect(run.loads).toEqual([]);
  });

  test('the table has a line where another stage begins, and bars of its own below it', async () => {
    const run = await runFake([...RANK, '--cascade', 'a,b'], { stdin: 'one\ntwo\nthree\nfour', rerank });
    expect(run.stdout.split('\n')).toEqual([
      ' #    score              index  text',
      ' 1  -0.1000  █████       0      one',
      ' 2  -0.2000              1      two',
      '  ── below: scored by quick only ──',
      ' 3   0.9000  ██████████  2      three',
      ' 4   0.4500  █████       3      four',
      '',
    ]);
    expect(run.stderr.replaceAll('\n', ' ')).toContain('probabilities, 0 to 1 above cosines, -1 to 1');
    expect(run.stderr).toContain('the deadline came first: good scored 2 of 3 documents (--deadline)');
  });

  test('JSON has stage and stages', async () => {
    const run = await runFake([...RANK, '--cascade', 'a,b', '--json'], { stdin: 'one\ntwo\nthree\nfour', rerank });
    const { results, stages } = JSON.parse(run.stdout);
    expect(results.map(({ stage }: { stage: number }) => stage)).toEqual([1, 1, 0, 0]);
    const rest = { score_kind: 'cosine', milliseconds: 12.346, total_tokens: 7 };
    expect(stages).toEqual([
      { model: 'quick', documents: 4, scored: 4, complete: true, ...rest },
      { model: 'good', documents: 3, scored: 2, complete: false, ...rest, score_kind: 'probability' },
    ]);
    expect(JSON.parse((await runFake([...RANK, '--json'], { stdin: 'one' })).stdout)).not.toHaveProperty('stages');
  });
});

test('one stage only needs no line', () => {
  const result = { index: 0, relevanceScore: 1, document: { text: 'a' }, truncated: false, stage: 1 };
  expect(rankTable([result], { columns: 80, color: false, fullText: false })).not.toContain('──');
});

test('the progress line says which stage runs and begins again with it', () => {
  const { stream, text } = sink(80);
  let time = 0;
  const line = progressLine(
    stream,
    () => 80,
    () => time,
  );
  const step = (index: number) => ({ step: { index, count: 2 } });
  time = 200;
  line.update({ stage: 'states', done: 50, total: 100, ...step(0) });
  time = 400;
  line.update({ stage: 'states', done: 10, total: 100, ...step(1) });
  expect(text()).toContain('ranking 1/2 ');
  expect(text()).toMatch(/ranking 2\/2 .* 10%/);
});

describe('serve', () => {
  test.each([
    ['starter,jina-reranker-v3', 'starter+jina-reranker-v3', ['starter', 'jina-reranker-v3']],
    ['best=starter,/models/a=b.gguf', 'best', ['starter', '/models/a=b.gguf']],
    ['/models/My Quick.gguf,b', 'My Quick+b', ['/models/My Quick.gguf', 'b']],
  ])('--cascade %s is served as %s', async (flag, name, stages) => {
    const { code, served, stderr } = await runFake([
      'serve',
      '--cascade',
      flag,
      '-m',
      'other',
      '--keep',
      '7',
      '--deadline',
      '900',
    ]);
    expect(code).toBe(0);
    expect(served[0]?.models).toEqual([
      { name: 'other', model: 'other' },
      { name, stages, keep: [7] },
    ]);
    expect(served[0]?.deadline).toBe(900);
    expect(stderr).not.toContain('English only');
  });

  test.each([
    [['--cascade', 'a']],
    [['--cascade', 'a=b']],
    [['--cascade', 'x=a,b', '-m', 'x=c']],
    [['--cascade', 'a,b', '--head', 'h']],
    [['--keep', '3']],
    [['--deadline', '300']],
  ])('wrong usage: %j', async (flags) => {
    const { code, served } = await runFake(['serve', ...flags]);
    expect(code).toBe(2);
    expect(served).toEqual([]);
  });
});
