import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describePairwise } from '../helpers/pairwise-suite.js';
import { reference } from '../setup/reference.js';

const root = join(reference, 'goldens/pairwise');

describe.each(['jina-v1', 'minilm-ce', 'bge-m3'])('%s', (kind) => {
  if (existsSync(join(root, kind, 'cases'))) describePairwise(root, kind, { flash: 10_000, plain: 3000 });
  else {
    const want = `LLAMA_RERANK_REFERENCE names the folder that holds goldens/pairwise/${kind}`;
    test(`the reference is absent: ${want}, not ${reference}`, () => {
      expect(existsSync(join(root, kind))).toBe(false);
    });
  }
});
