import { afterAll, beforeAll, expect } from 'vitest';
import { createApp } from '../../src/server/index.js';
import { STARTER } from './models.js';
import { loaded } from './reranker.js';

export const KEY = 'a-key-of-ours';

export const QUERY = 'when does my parcel arrive?';
export const DOCUMENTS = [
  'We are open from nine to five.',
  'Your parcel arrives three days after you ordered.',
  'The mail carrier brings letters before noon.',
  'Bananas grow in warm countries.',
];

export interface Served {
  url: string;
  /** The same server, for those who have `KEY`. */
  urlWithKey: string;
  /** What the library itself says of the documents: places, best first, and scores by place. */
  order: number[];
  scores: number[];
}

/** The starter model on two ports of this machine, for a file's tests. */
export function served(): Served {
  const reranker = loaded(STARTER);
  const result: Served = { url: '', urlWithKey: '', order: [], scores: [] };
  const close: (() => Promise<void>)[] = [];
  const listen = async (apiKeys: string[]) => {
    const app = createApp({ load: async () => reranker(), apiKeys });
    close.push(() => app.close());
    await app.loaded;
    return app.listen({ host: '127.0.0.1', port: 0 });
  };
  beforeAll(async () => {
    result.url = await listen([]);
    result.urlWithKey = await listen([KEY]);
    const { results } = await reranker().rerank(QUERY, DOCUMENTS);
    result.order = results.map(({ index }) => index);
    result.scores = DOCUMENTS.map((_, i) => results.find(({ index }) => index === i)?.relevanceScore as number);
    expect(result.order).not.toEqual([...result.order].sort());
  });
  afterAll(async () => {
    for (const each of close) await each();
  });
  return result;
}
