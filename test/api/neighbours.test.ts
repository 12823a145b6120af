import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeModel } from '../../scripts/model/make.mjs';
import { PAIRWISE_FIXTURES, STARTER, unpack } from '../helpers/models.js';
import { loaded, scores } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const WORDS = ['bees', 'honey', 'river', 'market', 'silver', 'the', 'train', 'of', 'garden', 'late'];
/** From 1 to 120 words, no two alike. */
const DOCUMENTS = Array.from({ length: 201 }, (_, i) =>
  [i, ...Array.from({ length: (i * 37) % 120 }, (__, k) => WORDS[(i * 7 + k * k) % WORDS.length])].join(' '),
);

const pairwise = (file: string) => unpack(join(PAIRWISE_FIXTURES, `${file}.gguf.gz`), 'pairwise');
const head = (name: string) => ({ head: join(PAIRWISE_FIXTURES, `${name}-head.safetensors`) });

/** Two layers of the published width. The fixture's heads are so narrow that it runs without flash attention (docs/models.md). */
const folder = mkdtempSync(join(tmpdir(), 'neighbours-'));
const wide = join(folder, 'wide.gguf');
beforeAll(() => makeModel({ output: wide, kind: 'jina-bert-v2', layers: 2, vocabulary: 0, type: 'Q8_0' }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Every family whose score of a document is its own. In a causal model the cache's order moves last digits, and with Q8_0, which rounds
 * what goes into a product to 8 bits, those move a tiny model's score.
 */
describe.each([
  ['jina-reranker-v1, F16', pairwise('jina-v1/jina-v1-small-F16'), head('jina-v1/jina-v1-small'), 1e-3],
  ['jina-reranker-v1, Q8_0', wide, {}, 1e-3],
  ['ms-marco-MiniLM, F16', pairwise('minilm-ce/minilm-ce-F16'), head('minilm-ce/minilm-ce'), 1e-3],
  ['ms-marco-MiniLM, Q8_0', pairwise('minilm-ce/minilm-ce-Q8_0'), head('minilm-ce/minilm-ce'), 1e-3],
  ['bge-reranker, F16', pairwise('bge-m3/bge-m3-F16'), {}, 1e-3],
  ['Qwen3-Reranker, F16', pairwise('qwen3-reranker/qwen3-reranker-F16-nohead'), {}, 1e-3],
  ['Qwen3-Reranker, Q8_0', pairwise('qwen3-reranker/qwen3-reranker-Q8_0'), {}, 0.01],
  ['the starter model, Q8_0', STARTER, { lexical: 0 }, 1e-3],
])('%s', { timeout: 60_000 }, (_, model, options, tolerance) => {
  const reranker = loaded(model, options);

  test('a document has the same score alone and among 200 others', async () => {
    const among = scores(await reranker().rerank(QUERY, DOCUMENTS));
    let largest = 0;
    for (let i = 0; i < DOCUMENTS.length; i += 25) {
      const [alone] = scores(await reranker().rerank(QUERY, [DOCUMENTS[i] as string]));
      largest = Math.max(largest, Math.abs((alone as number) - (among[i] as number)));
    }
    expect(largest).toBeLessThan(tolerance);
  });
});
