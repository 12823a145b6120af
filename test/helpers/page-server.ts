import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

const FOLDER = new URL('../../src/server/page/', import.meta.url);
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Body {
  model: string;
  query: string;
  documents: string[];
  top_n?: number;
}

/** Stands in for the real server: the page, and answers that need no model. Documents of more than 600 characters count as truncated. */
export async function startPageServer(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    response.setHeader('Content-Security-Policy', "default-src 'self'");
    const send = (status: number, body: unknown) =>
      void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    const path = new URL(request.url ?? '/', 'http://page').pathname;
    if (path === '/v1/models') {
      send(200, { object: 'list', data: [{ id: 'all-MiniLM-L6-v2' }, { id: 'qwen3-reranker-0.6b' }] });
    } else if (path === '/v1/rerank') {
      let text = '';
      for await (const chunk of request) text += chunk;
      send(200, answerTo(JSON.parse(text)));
    } else {
      try {
        const file = await readFile(new URL(`.${path === '/' ? '/index.html' : path}`, FOLDER));
        response.writeHead(200, { 'Content-Type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream' }).end(file);
      } catch {
        send(404, { detail: 'There is nothing here.', code: 'NOT_FOUND', request_id: 'test' });
      }
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const wordsOf = (text: string) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);

/** Scores by words that query and document share; the second model likes short documents too, and gives probabilities. */
function answerTo({ model, query, documents, top_n }: Body) {
  const probability = model.startsWith('qwen3');
  const wanted = wordsOf(`${query} refunds card account return`);
  const scores = documents.map((text) => {
    const shared = [...wordsOf(text)].filter((word) => wanted.has(word)).length / wanted.size;
    return probability ? 1 / (1 + Math.exp(6 - 14 * shared - 120 / (text.length + 20))) : shared * 1.2 - 0.02;
  });
  const results = scores.map((score, index) => ({
    index,
    relevance_score: score,
    truncated: (documents[index] as string).length > 600,
    ...(probability ? { logit: Math.log(score / (1 - score)) } : {}),
  }));
  results.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index);
  const tokens = documents.reduce((sum, text) => sum + Math.ceil(text.length / 4), 0);
  return {
    model,
    object: 'list',
    usage: { total_tokens: tokens, prompt_tokens: tokens },
    results: results.slice(0, top_n),
    details: {
      score_kind: probability ? 'probability' : 'cosine',
      family: probability ? 'pairwise' : 'similarity',
      query_truncated: false,
      overflow: 'none',
      blocks: 1,
      milliseconds: { queue: 0.4, tokens: 2.3, states: 341.2, score: 1.1, total: 345 },
      tokens: { total: tokens, reused: 12 },
    },
  };
}
