import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { createCohere } from '@ai-sdk/cohere';
import { CohereRerank } from '@langchain/cohere';
import { Document } from '@langchain/core/documents';
import { rerank } from 'ai';
import * as cohere8 from 'cohere-ai';
import { describe, expect, test } from 'vitest';
import { DOCUMENTS, KEY, QUERY, served } from '../helpers/served.js';

/** Clients as npm has them, with another address and nothing else. */
const server = served();

const root = resolve(import.meta.dirname, '../..');
/** LangChain brings an older one. */
const cohere7 = createRequire(createRequire(import.meta.url).resolve('@langchain/cohere'))('cohere-ai') as typeof cohere8;

const close = (score: number | undefined) => expect.closeTo(score as number, 5);
const ranked = (n = DOCUMENTS.length) =>
  server.order.slice(0, n).map((index) => ({ index, relevanceScore: close(server.scores[index]) }));

test('LangChain and this package have different releases of the SDK', () => {
  expect(cohere7.CohereClient).not.toBe(cohere8.CohereClient);
});

describe.each([
  ['8', cohere8],
  ['7', cohere7],
])("Cohere's SDK %s", (_, { CohereClient, CohereClientV2, CohereError }) => {
  test('CohereClientV2', async () => {
    const cohere = new CohereClientV2({ token: 'any', environment: server.url });
    const all = await cohere.rerank({ model: 'rerank-v3.5', query: QUERY, documents: DOCUMENTS });
    expect(all).toMatchObject({
      id: expect.any(String),
      results: ranked(),
      meta: { tokens: { inputTokens: expect.any(Number) } },
    });
    const two = await cohere.rerank({ model: 'rerank-v3.5', query: QUERY, documents: DOCUMENTS, topN: 2, maxTokensPerDoc: 4096 });
    expect(two.results).toEqual(ranked(2));
  });

  test('CohereClient, with and without /v1 in the address', async () => {
    for (const environment of [server.url, `${server.url}/v1`]) {
      const cohere = new CohereClient({ token: 'any', environment });
      const { results } = await cohere.rerank({ query: QUERY, documents: DOCUMENTS, topN: 3 });
      expect(results).toMatchObject(ranked(3));
    }
  });

  test('CohereClient gives documents back as it gets them', async () => {
    const cohere = new CohereClient({ token: 'any', environment: server.url });
    const documents = DOCUMENTS.map((text) => ({ text }));
    const { results } = await cohere.rerank({ query: QUERY, documents, returnDocuments: true, model: 'rerank-v3.5' });
    expect(results.map(({ document }) => document?.text)).toEqual(server.order.map((i) => DOCUMENTS[i]));
  });

  test('the key, and errors', async () => {
    const call = { model: 'any', query: QUERY, documents: DOCUMENTS };
    const right = new CohereClientV2({ token: KEY, environment: server.urlWithKey });
    expect((await right.rerank(call)).results).toEqual(ranked());
    const wrong = new CohereClientV2({ token: 'wrong', environment: server.urlWithKey });
    await expect(wrong.rerank(call)).rejects.toMatchObject({ statusCode: 401, body: { message: expect.any(String) } });
    const empty = await right.rerank({ ...call, documents: [] }).catch((error: unknown) => error);
    expect(empty).toBeInstanceOf(CohereError);
    expect(empty).toMatchObject({ statusCode: 400, body: { message: expect.stringMatching(/^invalid request: documents/) } });
  });
});

describe('AI SDK', () => {
  const model = (baseURL: string, apiKey = 'any') => createCohere({ baseURL: `${baseURL}/v2`, apiKey }).reranking('any');
  const parts = (ranking: { originalIndex: number; score: number }[]) =>
    ranking.map(({ originalIndex, score }) => ({ index: originalIndex, relevanceScore: score }));

  test('texts', async () => {
    const { ranking, rerankedDocuments } = await rerank({ model: model(server.url), query: QUERY, documents: DOCUMENTS });
    expect(parts(ranking)).toEqual(ranked());
    expect(rerankedDocuments).toEqual(server.order.map((i) => DOCUMENTS[i]));
    const two = await rerank({
      model: model(server.urlWithKey, KEY),
      query: QUERY,
      documents: DOCUMENTS,
      topN: 2,
      providerOptions: { cohere: { maxTokensPerDoc: 1000, priority: 1 } },
    });
    expect(parts(two.ranking)).toEqual(ranked(2));
  });

  test('objects, which it sends as JSON', async () => {
    const documents = DOCUMENTS.map((text, id) => ({ id, text }));
    const { ranking } = await rerank({ model: model(server.url), query: QUERY, documents });
    expect(ranking.map(({ document }) => document.id)).toEqual(ranking.map(({ originalIndex }) => originalIndex));
    expect(ranking[0]?.originalIndex).toBe(server.order[0]);
  });

  test('errors', async () => {
    const call = { query: QUERY, documents: DOCUMENTS, maxRetries: 0 };
    await expect(rerank({ model: model(server.urlWithKey), ...call })).rejects.toMatchObject({
      statusCode: 401,
      message: 'the API key is wrong',
    });
  });
});

describe.each([
  ['its own', cohere7],
  ['another', cohere8],
])("LangChain's CohereRerank with %s SDK", (_, { CohereClient }) => {
  const compressor = (topN: number) => {
    const client = new CohereClient({ token: 'any', environment: server.url });
    return new CohereRerank({ client: client as never, model: 'any', topN });
  };

  test('compressDocuments', async () => {
    const documents = DOCUMENTS.map((pageContent, id) => new Document({ pageContent, metadata: { id } }));
    const best = await compressor(3).compressDocuments(documents, QUERY);
    expect(best.map(({ pageContent, metadata }) => [pageContent, metadata])).toEqual(
      ranked(3).map(({ index, relevanceScore }) => [DOCUMENTS[index], { id: index, relevanceScore }]),
    );
  });

  test('rerank', async () => {
    expect(await compressor(2).rerank(DOCUMENTS, QUERY)).toEqual(ranked(2));
    const documents = DOCUMENTS.map((pageContent) => ({ pageContent }));
    expect(await compressor(2).rerank(documents, QUERY, { topN: 4 })).toEqual(ranked());
  });
});

describe('docs/server.md', () => {
  const [, clients = ''] = /^## Clients\n(.*?)^## /ms.exec(readFileSync(resolve(root, 'docs/server.md'), 'utf8')) ?? [];
  const snippets = [...clients.matchAll(/^\*\*([^*]+)\*\* \([^)]*\)\n\n```ts(?: \w+)*\n(.*?)^```/gms)].map(
    ([, name = '', code = '']) => [name, code] as const,
  );

  /** Runs the code as it stands there, but for the address. */
  async function run(code: string, result: string): Promise<unknown> {
    const given = `const query = ${JSON.stringify(QUERY)}, documents = ${JSON.stringify(DOCUMENTS)};\n`;
    const program = `${given}${code.replaceAll('http://127.0.0.1:8080', server.url)}\nconsole.log(JSON.stringify(${result}));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: root });
    return JSON.parse(stdout);
  }

  test('has code for each of these clients', () => {
    expect(snippets.map(([name]) => name)).toEqual(["Cohere's SDK", 'AI SDK', 'LangChain']);
  });

  test.each(snippets)('%s', async (name, code) => {
    const places = name === 'AI SDK' ? 'ranking.map((each) => each.originalIndex)' : 'results.map((each) => each.index)';
    expect(await run(code, places)).toEqual(server.order.slice(0, 3));
  });
});
