import { describe } from 'vitest';
import { PAIRWISE_FIXTURES } from '../helpers/models.js';
import { describePairwise } from '../helpers/pairwise-suite.js';

describe.each(['jina-v1', 'minilm-ce', 'bge-m3'])('%s', (kind) => {
  describePairwise(PAIRWISE_FIXTURES, kind, { flash: 1000, plain: 3000 });
});
