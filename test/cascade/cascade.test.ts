import { describe, expect, test } from 'vitest';
import { type Progress, Reranker, type RerankOptions } from '../../src/index.js';
import { fakeRanker } from '../helpers/fake-ranker.js';
import { indices, rejection } from '../helpers/reranker.js';

/** The fast stage reads the number before the slash, the strong one that after it. */
const before = (text: string) => Number(text.split('/')[0]);
const after = (text: string) => Number(text.split('/')[1]);
const stages = () => ({ fast: fakeRanker({ score: before }), strong: fakeRanker({ score: after }) });

const code = async (promise: Promise<unknown>) => ((await rejection(promise)) as { code?: string }).code;

describe('order', () => {
  test('the strong stage orders the best of the fast one; the others keep their order below, whatever their scores', async () => {
    const { fast, strong } = stages();
    const cascade = Reranker.cascade([fast, strong], { keep: 3 });
    const documents = ['1/9', '5/-3', '4/-1', '2/8', '3/-2'];
    const { results, stages: reports } = await cascade.rerank('q', documents);
    expect(results.map(({ index, stage, relevanceScore }) => [index, stage, relevanceScore])).toEqual([
      [2, 1, -1],
      [4, 1, -2],
      [1, 1, -3],
      [3, 0, 2],
      [0, 0, 1],
    ]);
    expect(results.map(({ document }) => document)).toEqual(['4/-1', '3/-2', '5/-3', '2/8', '1/9']);
    expect(strong.calls.map((call) => call.documents)).toEqual([['5/-3', '4/-1', '3/-2']]);
    expect(reports).toMatchObject([
      { model: 'tiny', documents: 5, scored: 5, complete: true },
      { model: 'tiny', documents: 3, scored: 3, complete: true },
    ]);
  });

  test('equal scores keep the order of the stage before, and that of the input in the first', async () => {
    const { fast, strong } = stages();
    const cascade = Reranker.cascade([fast, strong], { keep: 3 });
    expect(indices(await cascade.rerank('q', ['1/5', '3/5', '2/5', '1/5', '0/5', '0/5']))).toEqual([1, 2, 0, 3, 4, 5]);
  });

  test('equal texts are documents of their own', async () => {
    const { fast, strong } = stages();
    const { results } = await Reranker.cascade([fast, strong], { keep: 2 }).rerank('q', ['1/1', '2/1', '2/1', '2/1']);
    expect(results.map(({ index, stage }) => [index, stage])).toEqual([
      [1, 1],
      [2, 1],
      [3, 0],
      [0, 0],
    ]);
  });

  test('fewer documents than keep: the strong stage scores all; keep is 20 by itself', async () => {
    const { fast, strong } = stages();
    const cascade = Reranker.cascade([fast, strong]);
    expect(indices(await cascade.rerank('q', ['1/1', '2/0']))).toEqual([0, 1]);
    await cascade.rerank(
      'q',
      Array.from({ length: 30 }, (_, i) => `${i}/0`),
    );
    expect(strong.calls.map((call) => call.documents.length)).toEqual([2, 20]);
  });

  test('no documents', async () => {
    const { fast, strong } = stages();
    const cascade = Reranker.cascade([fast, strong]);
    for (const options of [{}, { deadline: 10 }]) {
      const { results, usage, stages: reports } = await cascade.rerank('q', [], options);
      expect(results).toEqual([]);
      expect(usage.totalTokens).toBe(0);
      expect(reports?.map(({ documents, complete }) => [documents, complete])).toEqual([
        [0, true],
        [0, true],
      ]);
    }
  });

  test('three stages', async () => {
    const parts = (place: number) => (text: string) => Number(text.split('/')[place]);
    const all = [0, 1, 2].map((place) => fakeRanker({ score: parts(place) }));
    const cascade = Reranker.cascade(all, { keep: [3, 2] });
    const { results } = await cascade.rerank('q', ['1/0/0', '2/1/5', '3/2/6', '4/3/5', '0/9/9']);
    expect(results.map(({ index, stage }) => [index, stage])).toEqual([
      [2, 2],
      [3, 2],
      [1, 1],
      [0, 0],
      [4, 0],
    ]);
  });

  test('topN counts at the end; documents come back by reference, texts are read once', async () => {
    const { fast, strong } = stages();
    let reads = 0;
    const documents = [{ id: 1 }, { id: 2 }, { id: 3 }];
    const text = ({ id }: { id: number }) => `${++reads && id}/${-id}`;
    const { results } = await Reranker.cascade([fast, strong], { keep: 2 }).rerank('q', documents, { text, topN: 1 });
    expect(reads).toBe(3);
    expect(fast.calls[0]?.documents).toHaveLength(3);
    expect(results).toHaveLength(1);
    expect(results[0]?.document).toBe(documents[1]);
  });

  test('usage is the sum; progress says which stage it is of', async () => {
    const [fast, strong] = [fakeRanker({ pace: 0.1, score: before }), fakeRanker({ pace: 0.1, score: after })];
    const seen: Progress[] = [];
    const { usage, stages: reports } = await Reranker.cascade([fast, strong], { keep: 1 }).rerank(
      'two words',
      ['1/1 a', '2/2 b c'],
      {
        onProgress: (progress) => seen.push(progress),
      },
    );
    expect(usage).toMatchObject({ totalTokens: 8, blocks: 2, queryTokens: 2 });
    expect(reports?.map((report) => report.usage.totalTokens)).toEqual([5, 3]);
    expect(usage.milliseconds.total).toBeGreaterThanOrEqual(usage.milliseconds.states);
    expect(seen).toEqual([
      { stage: 'states', done: 5, total: 5, step: { index: 0, count: 2 } },
      { stage: 'states', done: 3, total: 3, step: { index: 1, count: 2 } },
    ]);
  });
});

describe('options', () => {
  const listwise = { options: ['instruction', 'returnEmbeddings'], overflows: ['split', 'truncate', 'error'] } as const;
  const similarity = { options: ['returnEmbeddings', 'documentEmbeddings'], overflows: ['truncate', 'error'] } as const;
  const mixed = () => {
    const fast = fakeRanker({ model: { family: 'similarity', accepts: similarity } });
    const strong = fakeRanker({ model: { family: 'listwise', accepts: listwise } });
    return { fast, strong, cascade: Reranker.cascade([fast, strong]) };
  };

  test('each stage gets what it has a use for', async () => {
    const { fast, strong, cascade } = mixed();
    const documentEmbeddings = [Float32Array.of(1), Float32Array.of(2)];
    const shared = { maxDocumentTokens: 9, maxQueryTokens: 8, blockSize: 7 };
    await cascade.rerank('q', ['1', '2'], {
      ...shared,
      documentEmbeddings,
      instruction: 'new ones',
      overflow: 'split',
      topN: 1,
      timeout: 1000,
    });
    const { signal: _, ...first } = fast.calls[0]?.options ?? {};
    const { signal: __, ...second } = strong.calls[0]?.options ?? {};
    expect(first).toEqual({ ...shared, documentEmbeddings });
    expect(second).toEqual({ ...shared, instruction: 'new ones', overflow: 'split' });
  });

  test.each<[RerankOptions, RegExp]>([
    [{ minScore: 0 }, /minScore.*do not compare/],
    [{ returnEmbeddings: true }, /returnEmbeddings/],
    [{ overflow: 'chunk' }, /chunk/],
    [{ deadline: 0 }, /deadline/],
    [{ deadline: Number.NaN }, /deadline/],
    [{ topN: 0 }, /topN/],
    [{ depth: 1 } as RerankOptions, /depth/],
  ])('refused: %j', async (options, message) => {
    const { cascade, fast } = mixed();
    const error = await rejection(cascade.rerank('q', ['1'], options));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
    expect(fast.calls).toEqual([]);
  });

  test('refused where no stage has a use for it', async () => {
    const { fast, strong } = stages();
    const cascade = Reranker.cascade([fast, strong]);
    expect(await code(cascade.rerank('q', ['1/1'], { instruction: 'x' }))).toBe('INVALID_ARGUMENT');
    expect(await code(cascade.rerank('q', ['1/1'], { documentEmbeddings: [Float32Array.of(1)] }))).toBe('INVALID_ARGUMENT');
    expect(await code(cascade.rerank(' ', ['1/1']))).toBe('INVALID_QUERY');
  });

  test.each<[unknown, unknown]>([
    [[fakeRanker()], {}],
    ['fast,strong', {}],
    [[fakeRanker(), undefined], {}],
    [[fakeRanker(), fakeRanker()], { keep: 0 }],
    [[fakeRanker(), fakeRanker()], { keep: [1, 2] }],
    [[fakeRanker(), fakeRanker()], { top: 3 }],
    [[fakeRanker(), fakeRanker(), fakeRanker()], {}],
    [[fakeRanker(), fakeRanker(), fakeRanker()], { keep: 5 }],
    [[fakeRanker(), Reranker.cascade([fakeRanker(), fakeRanker()])], {}],
  ])('cannot be made: %#', (list, options) => {
    expect(() => Reranker.cascade(list as never, options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  test('as one model it is the last stage, with the names and sizes of all', () => {
    const { cascade } = mixed();
    expect(cascade.model).toMatchObject({ name: 'tiny + tiny', family: 'listwise', bytes: 8_000_000, parameters: 2_000_000 });
    expect(cascade.model.accepts).toEqual({
      options: ['documentEmbeddings', 'instruction', 'deadline'],
      overflows: ['truncate', 'error', 'split'],
    });
    expect(cascade.scoreKind).toBe('cosine');
  });
});

describe('ends', () => {
  const slow = () => [fakeRanker({ score: before, pace: 2 }), fakeRanker({ score: after, pace: 2 })] as const;
  const documents = ['1/1 a b c d', '2/2 a b c d', '3/3 a b c d'];

  test.each([0, 1])('an abort in stage %i rejects with its reason; the next call works', async (stage) => {
    const [fast, strong] = slow();
    const cascade = Reranker.cascade([fast, strong]);
    for (const deadline of [undefined, 10_000]) {
      const controller = new AbortController();
      const onProgress: RerankOptions['onProgress'] = ({ step }) => step?.index === stage && controller.abort('enough');
      const call = cascade.rerank('q', documents, { signal: controller.signal, onProgress, deadline });
      expect(await rejection(call)).toBe('enough');
      expect(indices(await cascade.rerank('q', documents))).toEqual([2, 1, 0]);
    }
  });

  test('a signal that is aborted already asks no stage', async () => {
    const [fast, strong] = slow();
    const call = Reranker.cascade([fast, strong]).rerank('q', documents, { signal: AbortSignal.abort('no') });
    expect(await rejection(call)).toBe('no');
    expect(fast.calls).toEqual([]);
  });

  test('the timeout holds for all stages together', async () => {
    const cascade = Reranker.cascade(slow());
    expect(await code(cascade.rerank('q', documents, { timeout: 45 }))).toBe('TIMEOUT');
    expect(await code(cascade.rerank('q', documents, { timeout: 10 }))).toBe('TIMEOUT');
  });

  test.each([undefined, 10_000])('an error of a later stage is an error, never a fallback (deadline %s)', async (deadline) => {
    const failure = new Error('the device failed');
    const strong = fakeRanker({
      onCall: () => {
        throw failure;
      },
    });
    expect(await rejection(Reranker.cascade([fakeRanker(), strong]).rerank('q', ['1', '2'], { deadline }))).toBe(failure);
  });

  test('a stage that loses a document is an error', async () => {
    const strong = fakeRanker();
    const { rerank } = strong;
    strong.rerank = async (query, list, options) => {
      const response = await rerank(query, list, options);
      return { ...response, results: response.results.slice(1) };
    };
    expect(await code(Reranker.cascade([fakeRanker(), strong]).rerank('q', ['1', '2']))).toBe('INTERNAL');
  });

  test('dispose ends calls and frees every stage once', async () => {
    const [fast, strong] = slow();
    const cascade = Reranker.cascade([fast, strong]);
    const call = rejection(cascade.rerank('q', documents));
    await Promise.all([cascade.dispose(), cascade.dispose()]);
    expect(await call).toMatchObject({ code: 'DISPOSED' });
    expect([fast.disposed, strong.disposed]).toEqual([1, 1]);
    expect(await code(cascade.rerank('q', documents))).toBe('DISPOSED');
    expect(await code(cascade.embedDocuments(documents))).toBe('DISPOSED');
    expect(await code(cascade.countTokens(['a']))).toBe('DISPOSED');
  });

  test('embedDocuments asks the first stage, countTokens the last', async () => {
    const [fast, strong] = slow();
    fast.embedDocuments = async () => [Float32Array.of(7)];
    strong.countTokens = async () => [42];
    const cascade = Reranker.cascade([fast, strong]);
    expect(await cascade.embedDocuments(['a'])).toEqual([Float32Array.of(7)]);
    expect(await cascade.countTokens(['a'])).toEqual([42]);
  });
});
