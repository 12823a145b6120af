import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeCausal, logitsOf } from '../helpers/causal-suite.js';
import { loaded } from '../helpers/reranker.js';
import { reference } from '../setup/reference.js';

const folder = join(reference, 'goldens/pairwise/qwen3-reranker');

if (existsSync(join(folder, 'cases'))) {
  describeCausal(folder);

  describe('the classifier and the rows of the embedding matrix', () => {
    const classifier = loaded(join(folder, 'qwen3-reranker-F16.gguf'));
    const tied = loaded(join(folder, 'qwen3-reranker-F16-nohead.gguf'));
    test('give the same logits', async () => {
      const documents = ['A glacier moves about 25 centimetres a day.', 'Bread is made of flour.', ''];
      const [a, b] = [classifier(), tied()].map((reranker) => reranker.rerank('how fast do glaciers move', documents));
      expect(logitsOf(await (a as NonNullable<typeof a>))).toEqual(logitsOf(await (b as NonNullable<typeof b>)));
    });
  });
} else {
  const want = 'LLAMA_RERANK_REFERENCE names the folder that holds goldens/pairwise/qwen3-reranker';
  test(`the Qwen3-Reranker reference is absent: ${want}, not ${reference}`, () => {
    expect(existsSync(folder)).toBe(false);
  });
}
