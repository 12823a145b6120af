import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readGguf } from '../../src/files/gguf.js';
import { JinaTokenizer } from '../../src/pairwise/jina-tokenizer.js';
import { PAIRWISE_FIXTURES, unpack } from '../helpers/models.js';
import { readJson } from '../helpers/reference.js';

const folder = join(PAIRWISE_FIXTURES, 'jina-v1');

const made = async (tokens: string[], merges: string[]) =>
  (await JinaTokenizer.from({ tokens, merges, unknown: 0 })) as JinaTokenizer;
const idsOf = async (tokenizer: JinaTokenizer, ...texts: string[]) => (await tokenizer.tokenize(texts)).map((ids) => [...ids]);

describe('the vocabulary of a file', () => {
  let tokenizer: JinaTokenizer;
  beforeAll(async () => {
    const { metadata } = await readGguf(unpack(join(folder, 'jina-v1-small-F16.gguf.gz'), 'pairwise'));
    const list = (name: string) => metadata.get(`tokenizer.ggml.${name}`) as string[];
    tokenizer = (await JinaTokenizer.from({ tokens: list('tokens'), merges: list('merges'), unknown: 3 })) as JinaTokenizer;
  });

  test('gives the reference’s ids', async () => {
    const { texts, tokens } = readJson<{ texts: string[]; tokens: number[][] }>(join(folder, 'tokens.json'));
    const ids = await idsOf(tokenizer, ...texts);
    expect(texts.filter((_, i) => ids[i]?.join() !== tokens[i]?.join())).toEqual([]);
    expect(await idsOf(tokenizer, ...texts)).toEqual(ids);
  });

  test('special tokens are text', async () => {
    const [ids] = await idsOf(tokenizer, '<s> </s> <mask>');
    for (const special of [0, 1, 2, 4]) expect(ids).not.toContain(special);
  });

  test('an aborted call ends early', async () => {
    const abort = new AbortController();
    const call = tokenizer.tokenize(['ab'.repeat(1 << 19)], abort.signal);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

test('the lowest rank first, the leftmost of them first, until nothing merges', async () => {
  const tokenizer = await made(['?', 'a', 'b', 'c', 'bc', 'ab', 'aa', 'abc'], ['b c', 'a b', 'a a', 'a bc']);
  expect(await idsOf(tokenizer, 'abc', 'aaa', 'aaaa', 'ab', 'aab', 'bcbc')).toEqual([[7], [6, 1], [6, 6], [5], [1, 5], [4, 4]]);
});

test('lower case is that of each character, after NFC; unknown characters are one token each', async () => {
  const tokenizer = await made(['?', 'σ', 'é', 'i', 'o'], []);
  expect(await idsOf(tokenizer, 'ΟΣ', 'E\u0301', 'I', 'xyo', '')).toEqual([[0, 1], [2], [3], [0, 0, 4], []]);
});

test('words and runs of other characters are apart, blanks vanish', async () => {
  const tokenizer = await made(['?', 'a', '.', '_', 'a.', 'a_', '..'], ['a .', 'a _', '. .']);
  expect(await idsOf(tokenizer, 'a.', 'a_', '. .', '..', 'a\u3000\u0085a')).toEqual([[1, 2], [5], [2, 2], [6], [1, 1]]);
});

test('a merge of tokens that are not there', async () => {
  expect(await JinaTokenizer.from({ tokens: ['?', 'a'], merges: ['a b'], unknown: 0 })).toBeUndefined();
  expect(await JinaTokenizer.from({ tokens: ['?', 'a', 'b'], merges: ['a b'], unknown: 0 })).toBeUndefined();
});
