import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { STARTER } from '../helpers/models.js';
import { describeSimilarity } from '../helpers/similarity-suite.js';
import { reference } from '../setup/reference.js';

const folder = join(reference, 'goldens/pairwise/minilm-embed');
const found = existsSync(join(folder, 'cases'));

if (found) describeSimilarity(folder, STARTER);
else {
  const want = 'LLAMA_RERANK_REFERENCE names the folder that holds goldens/pairwise/minilm-embed';
  test(`the similarity reference is absent: ${want}, not ${reference}`, () => {
    expect(existsSync(folder)).toBe(false);
  });
}
