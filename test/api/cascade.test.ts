import { describe, expect, test } from 'vitest';
import { Reranker } from '../../src/index.js';
import { indices, loaded, MODELS, rejection } from '../helpers/reranker.js';

const KEEP = 5;
const QUERY = 'a bridge over the river';
const TOPICS = ['river', 'bridge', 'stone market', 'silver honey', 'late trains', 'garden', 'ships', 'water', 'roads'];
const documents = TOPICS.map((topic, i) => ({ id: i, body: `All about ${topic}, part ${i}.` }));
const text = 'body';

describe.each(MODELS)('the starter model, then a %s model', (family, path) => {
  const fast = loaded('starter');
  const strong = loaded(path);

  test('loaded in one call it is the same', async () => {
    const options = { gpu: 'cpu', threads: 1, keep: KEEP } as const;
    await using cascade = await Reranker.loadCascade(['starter', path], options);
    const { results } = await cascade.rerank(QUERY, documents, { text });
    const expected = await Reranker.cascade([fast(), strong()], { keep: KEEP }).rerank(QUERY, documents, { text });
    expect(results).toEqual(expected.results);
  });

  test('each part of the result is what its stage alone says', async () => {
    const cascade = Reranker.cascade([fast(), strong()], { keep: KEEP });
    const alone = await fast().rerank(QUERY, documents, { text });
    const best = alone.results.slice(0, KEEP);
    const above = await strong().rerank(
      QUERY,
      best.map(({ document }) => document),
      { text },
    );
    const { results, stages, usage } = await cascade.rerank(QUERY, documents, { text });
    expect(results).toEqual([
      ...above.results.map((result) => ({ ...result, index: best[result.index]?.index, stage: 1 })),
      ...alone.results.slice(KEEP).map((result) => ({ ...result, stage: 0 })),
    ]);
    for (const { index, document } of results) expect(document).toBe(documents[index]);
    expect(stages?.map(({ model, scoreKind }) => [model, scoreKind])).toEqual([
      [fast().model.name, 'blend'],
      [strong().model.name, strong().scoreKind],
    ]);
    expect(usage.totalTokens).toBe(alone.usage.totalTokens + above.usage.totalTokens);
    expect(cascade.model.family).toBe(family);
  });

  test('a deadline that is far away changes nothing', async () => {
    const cascade = Reranker.cascade([fast(), strong()], { keep: KEEP });
    const free = await cascade.rerank(QUERY, documents, { text });
    const bound = await cascade.rerank(QUERY, documents, { text, deadline: 60_000 });
    expect(indices(bound)).toEqual(indices(free));
    expect(bound.stages?.[1]).toMatchObject({ documents: KEEP, scored: KEEP, complete: true });
  });

  test('a deadline that is over leaves the fast order', async () => {
    const cascade = Reranker.cascade([fast(), strong()], { keep: KEEP });
    const alone = await fast().rerank(QUERY, documents, { text });
    const { results, stages } = await cascade.rerank(QUERY, documents, { text, deadline: 0.001 });
    expect(results).toEqual(alone.results.map((result) => ({ ...result, stage: 0 })));
    expect(stages?.[1]).toMatchObject({ documents: KEEP, scored: 0, complete: false });
  });

  test('embeddings of the first stage and counts of the last', async () => {
    const cascade = Reranker.cascade([fast(), strong()], { keep: KEEP });
    const documentEmbeddings = await cascade.embedDocuments(documents, { text });
    const stored = await cascade.rerank(QUERY, documents, { text, documentEmbeddings });
    expect(indices(stored)).toEqual(indices(await cascade.rerank(QUERY, documents, { text })));
    expect(await cascade.countTokens([QUERY])).toEqual(await strong().countTokens([QUERY]));
  });

  test('one model alone has no use for a deadline', async () => {
    const error = await rejection(strong().rerank(QUERY, documents, { text, deadline: 100 }));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('options.deadline') });
  });
});

test('dispose frees the models', async () => {
  const models = [await Reranker.load('starter', { gpu: 'cpu' }), await Reranker.load(undefined, { gpu: 'cpu' })];
  const cascade = Reranker.cascade(models, { keep: 2 });
  const call = rejection(cascade.rerank(QUERY, documents, { text }));
  await cascade.dispose();
  expect(await call).toMatchObject({ code: 'DISPOSED' });
  for (const model of models) expect(await rejection(model.rerank(QUERY, ['a']))).toMatchObject({ code: 'DISPOSED' });
});
