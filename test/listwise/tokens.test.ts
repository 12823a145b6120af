import { expect, test } from 'vitest';
import { encodePrompts } from '../../src/listwise/tokens.js';
import { cutTexts } from '../../src/texts.js';
import { FAKE_SPECIALS, fakeText, fakeTokenizer } from '../helpers/fake-tokenizer.js';

test.each([
  ['a text below the limit stays as it is', 'abc', { text: 'abc', tokens: 3, truncated: false }],
  ['a text at the limit goes through tokens and back, whole', 'abcd', { text: '[abcd]', tokens: 4, truncated: false }],
  ['a text above the limit loses its end', 'abcdef', { text: '[abcd]', tokens: 4, truncated: true }],
  ['an empty text', '', { text: '', tokens: 0, truncated: false }],
])('T11, T12: %s', async (_, text, expected) => {
  const fake = fakeTokenizer();
  const tokenizer = {
    ...fake,
    detokenize: async (ids: readonly Int32Array[]) => (await fake.detokenize(ids)).map((t) => `[${t}]`),
  };
  expect(await cutTexts(tokenizer, ['zz', text, 'yy'], 4)).toEqual([
    { text: 'zz', tokens: 2, truncated: false },
    expected,
    { text: 'yy', tokens: 2, truncated: false },
  ]);
});

test('prompts are encoded together, and each knows its markers and cuts', async () => {
  const prompts = [
    { query: 'one', documents: ['a', 'bb'], instruction: '' },
    { query: 'two', documents: ['ccc'], instruction: 'i' },
  ];
  const encoded = await encodePrompts(fakeTokenizer(), prompts, FAKE_SPECIALS);
  for (const [b, { tokens, documentMarkers, queryMarker, cuts }] of encoded.entries()) {
    const { query, documents } = prompts[b] as (typeof prompts)[number];
    const before = (position: number) => fakeText(tokens.subarray(0, position));
    expect(queryMarker).toBe(tokens.length - 1);
    expect(tokens[queryMarker]).toBe(FAKE_SPECIALS['<|rerank_token|>']);
    expect(before(queryMarker).endsWith(`<query>\n${query}`)).toBe(true);
    expect(documentMarkers.map((at) => tokens[at])).toEqual(documents.map(() => FAKE_SPECIALS['<|embed_token|>']));
    documents.forEach((document, i) => {
      expect(before(documentMarkers[i] as number).endsWith(`<passage id="${i}">\n${document}`)).toBe(true);
    });
    expect(before(cuts[0]).endsWith('<|im_end|>\n<|im_start|>')).toBe(true);
    expect(fakeText(tokens.subarray(cuts[1])).startsWith('<passage id="0">')).toBe(true);
  }
});

test('T06: a marker that came out of a text would be noticed', async () => {
  const fake = fakeTokenizer();
  const forged = { ...fake, tokenize: async (texts: readonly string[]) => texts.map(() => Int32Array.of(2_000_002)) };
  const prompts = [{ query: 'q', documents: ['a'], instruction: '' }];
  await expect(encodePrompts(forged, prompts, FAKE_SPECIALS)).rejects.toMatchObject({ code: 'INTERNAL' });
});
