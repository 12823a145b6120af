import * as ai6 from 'ai';
import * as ai7 from 'ai7';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLlamaRerank, llamaRerank } from '../../src/adapters/ai-sdk.js';
import { type Ranker, RerankError, Reranker } from '../../src/index.js';
import { STARTER } from '../helpers/models.js';
import { loaded, rejection } from '../helpers/reranker.js';

const QUERY = 'how do I get my money back?';
const DOCUMENTS = ['Our shop opens at nine.', 'Refunds are paid within five days.', 'Lentil soup needs cumin.'];
const OBJECTS = DOCUMENTS.map((body, id) => ({ id, body }));

const reranker = loaded(STARTER);
const provider = createLlamaRerank({ gpu: 'cpu', threads: 1 });
afterAll(() => provider.dispose());

type Rerank = typeof ai6.rerank;
const SDKS: [string, Rerank][] = [
  ['6', ai6.rerank],
  // The same call and the same results; TypeScript sees two declarations.
  ['7', ai7.rerank as unknown as Rerank],
];

let warned: unknown[];
beforeAll(() => {
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: ({ warnings }: { warnings: unknown[] }) => void warned.push(...warnings) });
});
beforeEach(() => {
  warned = [];
});
afterAll(() => {
  Reflect.deleteProperty(globalThis, 'AI_SDK_LOG_WARNINGS');
});

describe.each(SDKS)('AI SDK %s', (_, rerank) => {
  test('texts: the order and the scores of rerank()', async () => {
    const expected = await reranker().rerank(QUERY, DOCUMENTS);
    const result = await rerank({ model: provider.reranking(), query: QUERY, documents: DOCUMENTS });
    expect(result.ranking).toEqual(
      expected.results.map(({ index, relevanceScore, document }) => ({ originalIndex: index, score: relevanceScore, document })),
    );
    expect(result.rerankedDocuments[0]).toBe(DOCUMENTS[1]);
    const { totalTokens, queryTokens } = expected.usage;
    expect(result.providerMetadata).toEqual({
      llamaRerank: { scoreKind: 'blend', totalTokens, queryTokens, queryTruncated: false, overflow: 'none', truncated: [] },
    });
    const best = await rerank({ model: provider(), query: QUERY, documents: DOCUMENTS, topN: 2 });
    expect(best.ranking).toEqual(result.ranking.slice(0, 2));
    expect(result.response.modelId).toBe('all-MiniLM-L6-v2');
    expect(warned).toEqual([]);
  });

  test('a cascade: its stages, and which of them scored what', async () => {
    const [fast, strong] = [await Reranker.load(STARTER, { threads: 1 }), await Reranker.load(STARTER, { threads: 1 })];
    await using cascade = Reranker.cascade([fast, strong], { keep: 2 });
    const call = { model: llamaRerank(cascade), query: QUERY, documents: DOCUMENTS };
    const { ranking, providerMetadata } = await rerank({ ...call, providerOptions: { llamaRerank: { deadline: 60_000 } } });
    expect(ranking.map(({ originalIndex }) => originalIndex)[0]).toBe(1);
    expect(providerMetadata?.llamaRerank).toMatchObject({
      stages: [
        { documents: 3, scored: 3, complete: true },
        { documents: 2, scored: 2, complete: true },
      ],
      stageOf: [1, 1, 0],
    });
    expect(JSON.parse(JSON.stringify(providerMetadata))).toEqual(providerMetadata);
  });

  test('options of a call', async () => {
    const long = `Late parcels, soup, ${'more words '.repeat(40)}`;
    const { ranking, providerMetadata } = await rerank({
      model: provider(),
      query: QUERY,
      documents: [...DOCUMENTS, long],
      providerOptions: { llamaRerank: { maxDocumentTokens: 12 } },
    });
    expect(ranking.map(({ originalIndex }) => originalIndex)).toHaveLength(4);
    expect(providerMetadata?.llamaRerank?.truncated).toEqual([3]);
  });

  test.each([
    [{ overflow: 'drop' }, "options.overflow: expected 'split' or"],
    [{ maxDocumentTokens: '12' }, 'options.maxDocumentTokens: expected an integer'],
    [{ topN: 1 }, 'providerOptions.llamaRerank.topN: unknown option; known are minScore,'],
    [{ max_tokens_per_doc: 1 }, 'providerOptions.llamaRerank.max_tokens_per_doc: unknown option'],
  ])('a bad option is a RerankError: %o', async (llamaRerankOptions, message) => {
    const call = rerank({
      model: provider(),
      query: QUERY,
      documents: DOCUMENTS,
      providerOptions: { llamaRerank: llamaRerankOptions as Record<string, string> },
    });
    const error = await rejection(call);
    expect(error).toBeInstanceOf(RerankError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
  });

  test('objects are ranked as JSON, with a warning', async () => {
    const expected = await reranker().rerank(
      QUERY,
      OBJECTS.map((document) => JSON.stringify(document)),
    );
    const { ranking } = await rerank({ model: provider(), query: QUERY, documents: OBJECTS });
    expect(ranking.map(({ score }) => score)).toEqual(expected.results.map(({ relevanceScore }) => relevanceScore));
    expect(ranking[0]?.document).toBe(OBJECTS[1]);
    expect(warned).toEqual([{ type: 'compatibility', feature: 'object documents', details: expect.stringContaining('JSON') }]);
  });

  test.each([
    ['a property', 'body'],
    ['a function', (document: Record<string, unknown>) => document.body as string],
  ])('objects by their text, %s: no warning', async (_, text) => {
    const expected = await reranker().rerank(QUERY, DOCUMENTS);
    await using own = createLlamaRerank({ text, gpu: 'cpu', threads: 1 });
    const { ranking } = await rerank({ model: own(reranker()), query: QUERY, documents: OBJECTS });
    expect(ranking.map(({ score }) => score)).toEqual(expected.results.map(({ relevanceScore }) => relevanceScore));
    expect(warned).toEqual([]);
  });

  test('a list of texts and objects', async () => {
    const mixed = [DOCUMENTS[0], OBJECTS[1]] as unknown as string[];
    const { ranking } = await rerank({ model: provider(), query: QUERY, documents: mixed });
    expect(ranking.map(({ originalIndex }) => originalIndex)).toEqual([1, 0]);
    expect(warned).toHaveLength(1);
  });

  test('abort, before and while it runs', async () => {
    const reason = new Error('changed my mind');
    const before = rerank({ model: provider(), query: QUERY, documents: DOCUMENTS, abortSignal: AbortSignal.abort(reason) });
    expect(await rejection(before)).toBe(reason);
    const controller = new AbortController();
    const many = Array.from({ length: 2000 }, (_, i) => `document ${i} ${'word '.repeat(100)}`);
    const running = rejection(rerank({ model: provider(), query: QUERY, documents: many, abortSignal: controller.signal }));
    setTimeout(() => controller.abort(reason), 100);
    expect(await running).toBe(reason);
  });

  test('a model that cannot be loaded: the error as it is, once', async () => {
    const call = rerank({ model: provider('no/such/file.gguf'), query: QUERY, documents: DOCUMENTS });
    expect(await rejection(call)).toMatchObject({ name: 'RerankError', code: 'MODEL_NOT_FOUND' });
  });

  test('no documents: no model is loaded', async () => {
    const { ranking } = await rerank({ model: provider('no/such/file.gguf'), query: QUERY, documents: [] });
    expect(ranking).toEqual([]);
  });
});

test('a ranker in place of a name: it is not disposed', async () => {
  const model = llamaRerank.rerankingModel(reranker());
  expect(model.modelId).toBe(reranker().model.name);
  await ai6.rerank({ model, query: QUERY, documents: DOCUMENTS });
  await llamaRerank.dispose();
  expect((await reranker().rerank(QUERY, DOCUMENTS)).results).toHaveLength(3);
});

test('models of one name are loaded once, and again after dispose', async () => {
  const load = vi.spyOn(Reranker, 'load');
  const own = createLlamaRerank({ gpu: 'cpu', threads: 1 });
  const call = () => ai6.rerank({ model: own(STARTER), query: QUERY, documents: DOCUMENTS });
  await Promise.all([call(), call(), call()]);
  expect(load).toHaveBeenCalledTimes(1);
  expect(load).toHaveBeenCalledWith(STARTER, { gpu: 'cpu', threads: 1, signal: expect.any(AbortSignal) });
  await own.dispose();
  await call();
  await own.dispose();
  expect(load).toHaveBeenCalledTimes(2);
  load.mockRestore();
});

test.each([5, null, {}] as unknown as Ranker[])('neither a name nor a ranker: %o', (model) => {
  expect(() => llamaRerank(model)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test.each(['languageModel', 'embeddingModel', 'imageModel'] as const)('%s: the error of both SDKs', (kind) => {
  const error = (() => {
    try {
      return llamaRerank[kind]('x');
    } catch (error) {
      return error;
    }
  })();
  expect(error).toBeInstanceOf(RerankError);
  expect(error).toMatchObject({ modelId: 'x', modelType: kind, message: expect.stringContaining('reranking models only') });
  for (const sdk of [ai6, ai7]) expect(sdk.NoSuchModelError.isInstance(error)).toBe(true);
  expect(ai6.APICallError.isInstance(error)).toBe(false);
});

test('registries of both SDKs', async () => {
  for (const sdk of [ai6, ai7] as (typeof ai6)[]) {
    const registry = sdk.createProviderRegistry({ local: provider });
    const { ranking } = await sdk.rerank({
      model: registry.rerankingModel('local:all-MiniLM-L6-v2'),
      query: QUERY,
      documents: DOCUMENTS,
    });
    expect(ranking[0]?.originalIndex).toBe(1);
  }
});

test('new throws, as with all providers', () => {
  expect(() => new (llamaRerank as unknown as new () => unknown)()).toThrow(TypeError);
});
