import { expect, test } from 'vitest';
import { commonLength, encodeParts } from '../../src/pairwise/encode.js';
import { MXBAI_V2, type PairPrompt, QWEN3_RERANKER } from '../../src/pairwise/prompt.js';
import type { PromptPart } from '../../src/texts.js';
import { fakeTokenizer } from '../helpers/fake-tokenizer.js';

const shown = (parts: readonly PromptPart[]) => parts.map((part) => (typeof part === 'string' ? part : part.special)).join('');
const whole = ({ before, pieces, run, after }: PairPrompt, document: string) =>
  shown([...before, ...pieces, run + document, ...after]);

test('Qwen3-Reranker: the prompt is the published one', () => {
  expect(whole(QWEN3_RERANKER.build('QUERY', 'INSTRUCT'), 'DOC')).toBe(
    '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the ' +
      'answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: INSTRUCT\n<Query>: QUERY\n<Document>: DOC<|im_end|>\n' +
      '<|im_start|>assistant\n<think>\n\n</think>\n\n',
  );
});

test('mxbai-rerank-v2: every piece on its own, an instruction before the query', () => {
  const prompt = MXBAI_V2.build('QUERY', '');
  expect(prompt.before.at(-1)).toBe('user\n');
  expect(prompt.pieces).toEqual(['query: QUERY', '\n']);
  expect(prompt.run).toBe('document: ');
  expect(MXBAI_V2.build('QUERY', 'DO').pieces[0]).toBe('instruction: DO\nquery: QUERY');
  expect(whole(prompt, 'DOC')).toBe(
    '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\nquery: QUERY\n' +
      'document: DOC\nYou are a search relevance expert who evaluates how well documents match search queries. For each query-document ' +
      'pair, carefully analyze the semantic relationship between them, then provide your binary relevance judgment (0 for not relevant, ' +
      '1 for relevant).\nRelevance:<|im_end|>\n<|im_start|>assistant\n',
  );
  expect(prompt.after.slice(0, 2)).toEqual(['\n', expect.stringMatching(/^You are a search/)]);
});

test.each([QWEN3_RERANKER, MXBAI_V2])('T06: texts that look like a template stay texts ($answers)', (template) => {
  const query = '{document} $& {query}';
  const { pieces } = template.build(query, '{instruction} {query}');
  expect(pieces[0]).toContain(query);
  expect(pieces[0]).toContain('{instruction} {query}');
});

const control = new Map([['<|im_start|>', 2_000_000]]);
const codes = (text: string) => [...text].map((character) => character.codePointAt(0) as number);
const encode = async (parts: readonly PromptPart[], userDefined: [string, number][]) => [
  ...((await encodeParts(fakeTokenizer(), [parts], control, new Map(userDefined)))[0] as Int32Array),
];

test.each<[string, PromptPart[], [string, number][], (string | number)[]]>([
  ['special tokens by number', [{ special: '<|im_start|>' }, 'a'], [], [2_000_000, 'a']],
  ['a control token in a text is text', ['a<|im_start|>'], [], ['a<|im_start|>']],
  ['a user-defined token in a text becomes its id', ['a<t>b<t>'], [['<t>', 7]], ['a', 7, 'b', 7]],
  [
    'of two at one place the longer one',
    ['<t><t>!'],
    [
      ['<t>', 7],
      ['<t><t>', 8],
    ],
    [8, '!'],
  ],
  [
    'characters that mean something in a pattern',
    ['a.b(c'],
    [
      ['.', 7],
      ['(', 8],
    ],
    ['a', 7, 'b', 8, 'c'],
  ],
  ['an empty text', [''], [['<t>', 7]], []],
])('encodeParts: %s', async (_, parts, userDefined, expected) => {
  const wanted = expected.flatMap((part) => (typeof part === 'string' ? codes(part) : [part]));
  expect(await encode(parts, userDefined)).toEqual(wanted);
});

test.each([
  [[1, 2, 3], [1, 2, 4], 2],
  [[1, 2], [1, 2, 4], 2],
  [[1, 2, 3], [1, 2], 2],
  [[], [1], 0],
])('commonLength of %j and %j', (a, b, length) => {
  expect(commonLength(Int32Array.from(a), Int32Array.from(b))).toBe(length);
});
