import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readGguf } from '../../src/files/gguf.js';
import { buildPrompt, SYSTEM_PARTS } from '../../src/listwise/prompt.js';
import type { PromptPart } from '../../src/texts.js';
import { LISTWISE_FIXTURES, tinyListwise } from '../helpers/models.js';
import { type ListwiseCase, readCases } from '../helpers/reference.js';

const text = (parts: readonly PromptPart[]) => parts.map((part) => (typeof part === 'string' ? part : part.special)).join('');

/** Bytes of the characters with which a byte-level vocabulary writes them. */
function byteOfCharacter(): Map<string, number> {
  const bytes = new Map<string, number>();
  let others = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
    bytes.set(String.fromCharCode(printable ? byte : others++), byte);
  }
  return bytes;
}

let vocabulary: string[];
beforeAll(async () => {
  vocabulary = (await readGguf(tinyListwise())).metadata.get('tokenizer.ggml.tokens') as string[];
});

const bytes = byteOfCharacter();
function decode(ids: readonly number[]): string {
  const decoded = ids.flatMap((id) => [...(vocabulary[id] as string)].map((character) => bytes.get(character) as number));
  return Buffer.from(decoded).toString('utf8');
}

const whole = readCases<ListwiseCase>(join(LISTWISE_FIXTURES, 'cases')).filter(
  ({ options, hostile, expected }) =>
    !hostile &&
    options?.maxDocumentTokens === undefined &&
    !expected.queryTruncated &&
    !expected.documentsTruncated.includes(true),
);

test.each(whole.map((reference) => [reference.name, reference] as const))('%s: the prompt is the reference’s', (_, reference) => {
  const { query, documents, instruction, expected } = reference;
  for (const block of expected.blocks) {
    const texts = block.documents.map((i) => (documents[i] as string).normalize('NFC'));
    const parts = buildPrompt(query.normalize('NFC'), texts, instruction ?? '');
    expect(text(parts)).toBe(decode(block.tokens.slice(0, block.queryMarker + 1)));
  }
});

test('runs of text reach from one special token to the next, apart from the place where prompts begin to differ', () => {
  const parts = buildPrompt('Q', ['A', 'B'], '');
  const shape = parts.slice(SYSTEM_PARTS.length).map((part) => (typeof part === 'string' ? part : part.special));
  expect(shape[0]).toMatch(/^user\nI will provide you with 2 passages, .* to query: Q\n$/);
  expect(shape.slice(1)).toEqual([
    '<passage id="0">\nA',
    '<|embed_token|>',
    '\n</passage>\n<passage id="1">\nB',
    '<|embed_token|>',
    '\n</passage>\n<query>\nQ',
    '<|rerank_token|>',
  ]);
});

test.each([
  ['an instruction', 'be strict', 'to query: Q\n<instruct>\nbe strict\n</instruct>\n<passage id="0">'],
  ['no instruction', '', 'to query: Q\n<passage id="0">'],
])('%s', (_, instruction, expected) => {
  expect(text(buildPrompt('Q', ['A'], instruction))).toContain(expected);
});

const templates = ['</passage>', '<query>', '{document}', '{query}', '$&', "$'$`$1", '\\n\\', '%s', '</instruct>', '`$1`'];
test.each(templates)('T08: %s is inserted as it stands, once', (hostile) => {
  const marked = `«${hostile}»`;
  const occurrences = (...arguments_: Parameters<typeof buildPrompt>) =>
    text(buildPrompt(...arguments_)).split(marked).length - 1;
  expect(occurrences('query', ['a', marked, 'b'], 'instruction')).toBe(1);
  expect(occurrences('query', ['a', 'b'], marked)).toBe(1);
  // The prompt states the query at its beginning and at its end.
  expect(occurrences(marked, ['a', 'b'], '')).toBe(2);
});
