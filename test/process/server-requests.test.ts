import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { DOCUMENTS, KEY, QUERY, served } from '../helpers/served.js';

/** Requests as programs in other languages send them, and what these read of the answer. */
const server = served();

interface Result {
  index: number;
  relevance_score: number;
  document?: unknown;
}

interface JinaAnswer {
  model: string;
  object: string;
  usage: { total_tokens: number; prompt_tokens: number };
  results: Result[];
}

const close = (score: number | undefined) => expect.closeTo(score as number, 5);
const ranked = (n = DOCUMENTS.length) =>
  server.order.slice(0, n).map((index) => ({ index, relevance_score: close(server.scores[index]) }));
const usage = { total_tokens: expect.any(Number), prompt_tokens: expect.any(Number) };

const PYTHON = { 'user-agent': 'python-requests/2.32.3', 'accept-encoding': 'gzip, deflate', accept: '*/*' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** The body of an answer that must be 200 and JSON. */
async function post(url: string, headers: Record<string, string>, body: object): Promise<JinaAnswer> {
  const answer = await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  return (await answer.json()) as JinaAnswer;
}

const texts = { model: 'any', query: QUERY, documents: DOCUMENTS };
const bearer = { ...PYTHON, authorization: 'Bearer any' };

test("Open WebUI's external reranker: scores in the order of the documents", async () => {
  const body = { ...texts, model: 'reranker', top_n: DOCUMENTS.length };
  const user = { 'x-openwebui-user-name': 'A%20B', 'x-openwebui-user-id': '1', 'x-openwebui-user-email': 'a@example.org' };
  for (const [url, key] of [
    [server.url, ''],
    [server.urlWithKey, KEY],
  ]) {
    const { results } = await post(`${url}/v1/rerank`, { ...PYTHON, ...user, authorization: `Bearer ${key}` }, body);
    const sorted = results.toSorted((a, b) => a.index - b.index);
    expect(sorted.map(({ relevance_score }) => relevance_score)).toEqual(server.scores.map(close));
  }
});

test.each([
  ['strings', DOCUMENTS],
  ['objects', DOCUMENTS.map((text) => ({ text }))],
])('LiteLLM, jina_ai: %s', async (_, documents) => {
  const headers = { accept: 'application/json', authorization: 'Bearer any', 'user-agent': 'litellm/1.80.0' };
  const body = { model: 'all-MiniLM-L6-v2', query: QUERY, documents, top_n: 3, return_documents: true };
  const answer = await post(`${server.url}/v1/rerank`, headers, body);
  expect(answer.usage).toEqual(usage);
  expect(answer.results).toMatchObject(ranked(3));
  // It makes objects of strings.
  const read = answer.results.map(({ document }) => (typeof document === 'string' ? { text: document } : document));
  expect(read).toEqual(server.order.slice(0, 3).map((i) => ({ text: DOCUMENTS[i] })));
});

describe('Dify', () => {
  test('Jina, with a base URL', async () => {
    const { results } = await post(`${server.url}/v1/rerank`, bearer, { ...texts, top_n: null, return_documents: false });
    expect(results).toEqual(ranked());
  });

  test('OpenAI-API-compatible, with and without a key', async () => {
    const body = { ...texts, top_n: 2 };
    expect((await post(`${server.url}/v1/rerank`, { ...PYTHON, authorization: '' }, body)).results).toMatchObject(ranked(2));
    const key = { ...PYTHON, authorization: `Bearer ${KEY}` };
    expect((await post(`${server.urlWithKey}/v1/rerank`, key, body)).results).toMatchObject(ranked(2));
  });
});

describe('RAGFlow', () => {
  const byPlace = ({ results }: JinaAnswer) => DOCUMENTS.map((_, i) => results.find(({ index }) => index === i)?.relevance_score);

  test.each(['/v1/rerank', '/rerank'])('Jina, OpenAI-API-Compatible, LocalAI, GPUStack: %s', async (path) => {
    const answer = await post(`${server.url}${path}`, bearer, { ...texts, top_n: DOCUMENTS.length });
    expect(byPlace(answer)).toEqual(server.scores.map(close));
    expect(answer.usage).toEqual(usage);
  });

  test('Xinference, which sends flags as strings', async () => {
    const body = { ...texts, return_documents: 'true', return_len: 'true' };
    expect(byPlace(await post(`${server.url}/v1/rerank`, PYTHON, body))).toEqual(server.scores.map(close));
  });

  test("Cohere, through Cohere's SDK for Python", async () => {
    const headers = { ...bearer, 'x-fern-language': 'Python', 'x-fern-sdk-name': 'cohere' };
    const body = { ...texts, top_n: DOCUMENTS.length, return_documents: false };
    expect((await post(`${server.url}/v1/rerank`, headers, body)).results).toEqual(ranked());
  });
});

test("Weaviate's module for Jina", async () => {
  const headers = { authorization: 'Bearer any', 'request-source': 'unspecified:weaviate', 'user-agent': 'Go-http-client/1.1' };
  const body = { documents: DOCUMENTS, query: QUERY, model: 'jina-reranker-v2-base-multilingual', return_documents: false };
  const { results, model, usage: used } = await post(`${server.url}/v1/rerank`, headers, body);
  expect({ results, model, used }).toEqual({ results: ranked(), model: 'all-MiniLM-L6-v2', used: usage });
  const wrong = await fetch(`${server.urlWithKey}/v1/rerank`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: '{}',
  });
  expect(await wrong.json()).toMatchObject({ detail: expect.stringMatching(/./) });
});

test("LangChain's JinaRerank for Python", async () => {
  const headers = { ...bearer, 'accept-encoding': 'identity', 'user-agent': 'langchain' };
  expect((await post(`${server.url}/v1/rerank`, headers, { ...texts, top_n: 3 })).results).toMatchObject(ranked(3));
});

describe("TEI's clients", () => {
  const scores = (n = DOCUMENTS.length) => ranked(n).map(({ index, relevance_score }) => ({ index, score: relevance_score }));

  test.each([
    ['LlamaIndex', {}],
    ['RAGFlow, HuggingFace', { raw_scores: false, truncate: true }],
    ['Haystack', { raw_scores: false, truncate: true, truncation_direction: 'right' }],
  ])('%s', async (_, more) => {
    const body = { query: QUERY, texts: DOCUMENTS, ...more };
    expect(await post(`${server.url}/rerank`, PYTHON, body)).toEqual(scores());
  });

  test('with texts', async () => {
    const body = { query: QUERY, texts: DOCUMENTS, return_text: true };
    const expected = scores().map((each) => ({ ...each, text: DOCUMENTS[each.index] }));
    expect(await post(`${server.url}/rerank`, PYTHON, body)).toEqual(expected);
  });
});

const tools = spawnSync('curl', ['--version']).status === 0 && process.platform !== 'win32';
if (!tools) console.log('curl commands are skipped: there is no curl, or no shell as their documentation expects');

describe.skipIf(!tools)('curl', () => {
  /** Runs a command as it stands in documentation, but for the address. */
  async function run(command: string, url: string): Promise<JinaAnswer> {
    const script = command.replaceAll('http://127.0.0.1:8080', url);
    const { stdout } = await promisify(execFile)('sh', ['-c', `curl() { command curl -sS --noproxy '*' "$@"; }\n${script}`]);
    return JSON.parse(stdout);
  }

  const command = (more: object, key = 'any') => `curl http://127.0.0.1:8080/v1/rerank \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer ${key}" \\
  -d '${JSON.stringify({ model: 'jina-reranker-v3', query: QUERY, documents: DOCUMENTS, ...more }, null, 2)}'`;
  const withTexts = (make: (text: string) => unknown) =>
    ranked().map((each) => ({ ...each, document: make(DOCUMENTS[each.index] as string) }));

  test('strings', async () => {
    const answer = await run(command({}), server.url);
    expect(answer).toEqual({ model: 'all-MiniLM-L6-v2', object: 'list', usage, results: withTexts((text) => text) });
  });

  test('objects', async () => {
    const { results } = await run(command({ documents: DOCUMENTS.map((text) => ({ text })) }), server.url);
    expect(results).toEqual(withTexts((text) => ({ text })));
  });

  test('top_n and return_documents', async () => {
    expect((await run(command({ top_n: 2 }), server.url)).results).toEqual(withTexts((text) => text).slice(0, 2));
    expect((await run(command({ return_documents: false }), server.url)).results).toEqual(ranked());
  });

  test('the body by standard input', async () => {
    const here = command({ top_n: 3, return_documents: false }).replace(/-d '(.*)'$/s, '-d @- <<EOFEOF\n$1\nEOFEOF');
    expect((await run(here, server.url)).results).toEqual(ranked(3));
  });

  test("TEI's example", async () => {
    const body = JSON.stringify({ query: QUERY, texts: DOCUMENTS });
    const tei = `curl http://127.0.0.1:8080/rerank \\\n  -X POST \\\n  -d '${body}' \\\n  -H 'Content-Type: application/json'`;
    expect(await run(tei, server.url)).toEqual(ranked().map((each) => ({ index: each.index, score: each.relevance_score })));
  });

  test('a key', async () => {
    expect((await run(command({}, KEY), server.urlWithKey)).results).toMatchObject(ranked());
    expect(await run(command({}), server.urlWithKey)).toMatchObject({ code: 'AUTH_INVALID_API_KEY' });
  });

  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/server.md'), 'utf8');

  test('docs/server.md: the first command and its answer', async () => {
    const [, first, answer] = /^```sh\n(curl .*?)^```\n\n^```json\n(.*?)^```/ms.exec(docs) as unknown as [string, string, string];
    const expected = JSON.parse(answer) as JinaAnswer;
    const results = expected.results.map((each) => ({ ...each, relevance_score: expect.closeTo(each.relevance_score, 3) }));
    expect(await run(first, server.url)).toEqual({ ...expected, results });
  });
});
