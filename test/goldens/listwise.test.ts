import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeListwise } from '../helpers/listwise-suite.js';
import { reference } from '../setup/reference.js';

const folder = join(reference, 'goldens/listwise');
const found = existsSync(join(folder, 'cases'));

if (found) describeListwise(folder, 'reference', { others: Number.POSITIVE_INFINITY, repeated: 6, repeatedTokens: 2000 });
else {
  test(`the listwise reference is absent: LLAMA_RERANK_REFERENCE names the folder that holds goldens/listwise, not ${reference}`, () => {
    expect(found).toBe(false);
  });
}
