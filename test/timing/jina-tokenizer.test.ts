import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readGguf } from '../../src/files/gguf.js';
import { JinaTokenizer } from '../../src/pairwise/jina-tokenizer.js';
import { largestLag } from '../helpers/lag.js';
import { PAIRWISE_FIXTURES, unpack } from '../helpers/models.js';

test.each([
  ['one letter', 'a'.repeat(1 << 20)],
  ['base64', Buffer.from(Uint8Array.from({ length: 786_432 }, (_, i) => (i * i * 7 + i) >> 3)).toString('base64')],
  ['blanks', ' '.repeat(1 << 20)],
  ['short words', 'the cat sat '.repeat(87_000)],
  ['different words', Array.from({ length: 200_000 }, (_, i) => i.toString(36)).join(' ')],
])('jina-reranker-v1’s tokenizer reads 1 MiB of %s in its turns', { retry: 2 }, async (_, text) => {
  const { metadata } = await readGguf(unpack(join(PAIRWISE_FIXTURES, 'jina-v1/jina-v1-small-F16.gguf.gz'), 'pairwise'));
  const list = (name: string) => metadata.get(`tokenizer.ggml.${name}`) as string[];
  const vocabulary = { tokens: list('tokens'), merges: list('merges'), unknown: 3 };
  const tokenizer = (await JinaTokenizer.from(vocabulary)) as JinaTokenizer;
  const begin = process.cpuUsage();
  expect(await largestLag(() => tokenizer.tokenize([text]))).toBeLessThan(150);
  const { user, system } = process.cpuUsage(begin);
  expect((user + system) / 1000).toBeLessThan(4000);
});
