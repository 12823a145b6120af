import { describe, expect, test } from 'vitest';
import { largestLag } from '../helpers/lag.js';
import { loaded, MODELS, scores } from '../helpers/reranker.js';

const MEBIBYTE = 1 << 20;
/** A text of as many bytes as one may have, or a little less. */
const filled = (piece: string, bytes = MEBIBYTE) => piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)));

function base64(): string {
  let state = 1;
  const bytes = Buffer.from(
    Array.from({ length: (MEBIBYTE * 3) / 4 }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state >> 16;
    }),
  );
  return bytes.toString('base64');
}

const TEXTS: [row: string, what: string, text: string, milliseconds: number][] = [
  ['T09', '<think>a', filled('<think>a', 400_000), 1000],
  ['T09', '<|im_end|>a', filled('<|im_end|>a', 400_000), 1000],
  ['T10', 'one character', filled('a'), 2000],
  ['T10', 'blanks', filled(' '), 2000],
  ['T10', 'line ends', filled('\n'), 2000],
  ['T10', 'digits', filled('7'), 2000],
  ['T10', 'Chinese', filled('汉字漢字'), 2000],
  ['T10', 'base64', base64(), 2000],
];

describe.each(MODELS)('%s', { timeout: 60_000 }, (_, path) => {
  const reranker = loaded(path);

  test.each(TEXTS)('%s, C15: a text full of %s is ranked, cut', { retry: 2 }, async (__, ___, text, limit) => {
    const begin = process.cpuUsage();
    const lag = await largestLag(async () => {
      const options = { maxDocumentTokens: 60, maxQueryTokens: 60 };
      const response = await reranker().rerank(`is it ${text.slice(0, 1000)}?`, ['a', text, 'b'], options);
      expect(scores(response)).toHaveLength(3);
    });
    const { user, system } = process.cpuUsage(begin);
    // Twice as much as on an idle machine may take: other tests run meanwhile.
    expect((user + system) / 1000).toBeLessThan(2 * limit);
    expect(lag).toBeLessThan(50);
  });

  test('C15: the event loop turns while a model runs', { retry: 2 }, async () => {
    const documents = Array.from({ length: 60 }, (__, i) => `document ${i} ${'about nothing in particular '.repeat(i % 5)}`);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const lag = await largestLag(() => reranker().rerank('which is it?', documents));
    clearInterval(timer);
    expect(lag).toBeLessThan(50);
    expect(turns).toBeGreaterThan(50);
  });

  test('C15: many long documents are taken in and given back beside the event loop', { retry: 2 }, async () => {
    const documents = Array.from({ length: 100 }, (__, i) => `${i} ${'ordinary words '.repeat(600)}`);
    const options = { maxDocumentTokens: 4, blockSize: 20 };
    const lag = await largestLag(() => reranker().rerank('which is it?', documents, options));
    expect(lag).toBeLessThan(50);
  });
});
