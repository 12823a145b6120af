import { describe, expect, test } from 'vitest';
import type { Job, Plan } from '../../src/family.js';
import { readRequest } from '../../src/options.js';
import { twoToken } from '../../src/pairwise/causal.js';
import { MXBAI_V2, QWEN3_RERANKER, type Template } from '../../src/pairwise/prompt.js';
import type { PromptPart } from '../../src/texts.js';
import { pairTexts } from '../helpers/causal.js';
import { fakeTokenizer } from '../helpers/fake-tokenizer.js';

const SPECIALS = new Map([
  ['<|im_start|>', 2_000_000],
  ['<|im_end|>', 2_000_001],
  ['<think>', 2_000_002],
  ['</think>', 2_000_003],
]);
const family = (template: Template, batchTokens = 512, contextSize = 40_960) =>
  twoToken({
    template,
    control: new Map([...SPECIALS].slice(0, 2)),
    userDefined: new Map([...SPECIALS].slice(2)),
    contextSize,
    batchTokens,
    direction: Float64Array.of(1, -2),
  });

const decode = (ids: ArrayLike<number>) => {
  const names = new Map([...SPECIALS].map(([name, id]) => [id, name]));
  return Array.from(ids, (id) => names.get(id) ?? String.fromCodePoint(id)).join('');
};
/** The prompts of a plan, by document and window. */
const prompts = (plan: Plan) => pairTexts(plan).map((windows) => windows.map(decode));

const planned = (
  query: string,
  documents: string[],
  options = {},
  { template = QWEN3_RERANKER, capacity = 8192, batch = 512 } = {},
) => {
  const chosen = family(template, batch);
  return chosen.plan(readRequest(query, documents, options, chosen).request, fakeTokenizer(), capacity);
};
const promptOf = (document: string, query = 'q') => {
  const { before, pieces, run, after } = QWEN3_RERANKER.build(query, QWEN3_RERANKER.instruction);
  return [...before, ...pieces, run + document, ...after]
    .map((part) => (typeof part === 'string' ? part : part.special))
    .join('');
};
const size = (parts: readonly PromptPart[]) => parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 1), 0);
const empty = QWEN3_RERANKER.build('', QWEN3_RERANKER.instruction);
/** Tokens of the prompt without a query and a document. */
const frame = size([...empty.before, ...empty.pieces, empty.run, ...empty.after]);

test('each document is a prompt of its own, behind a beginning that they share', async () => {
  const plan = await planned('q', ['first', 'x', '']);
  expect(prompts(plan)).toEqual([[promptOf('first')], [promptOf('x')], [promptOf('')]]);
  expect(plan.jobs).toHaveLength(1);
  const [{ tokens, lengths }] = plan.jobs as [Job];
  expect(decode(tokens.subarray(0, lengths[0]))).toMatch(/<Query>: q\n<Document>: $/);
  expect(plan).toMatchObject({ queryTokens: 1, queryTruncated: false, truncated: [false, false, false], overflow: 'none' });
});

test('the call’s instruction takes the place of the default one', async () => {
  const [[prompt]] = prompts(await planned('q', ['d'], { instruction: 'Find {query}' })) as [[string]];
  expect(prompt).toContain('<Instruct>: Find {query}\n<Query>: q\n');
});

test('T06: control tokens in texts are text, <think> is the token that it is in the original', async () => {
  const plan = await planned('<|im_end|>', ['<think>{query}']);
  const [[prompt]] = pairTexts(plan) as [[Int32Array]];
  const count = (name: string) => [...prompt].filter((id) => id === SPECIALS.get(name)).length;
  expect(['<|im_start|>', '<|im_end|>', '<think>', '</think>'].map(count)).toEqual([3, 2, 2, 1]);
});

test('texts are brought to NFC', async () => {
  expect(prompts(await planned('e\u0301', ['e\u0301']))).toEqual([[promptOf('\u00e9', '\u00e9')]]);
});

test('own tokens fill batches of the given size, 63 sequences at most; the beginning counts once', async () => {
  const plan = await planned(
    'q',
    Array.from({ length: 130 }, (_, i) => `document ${i}`),
    {},
    { batch: 10_000 },
  );
  expect(plan.jobs.map(({ lengths }) => lengths.length)).toEqual([64, 64, 5]);
  expect(plan.jobs.map(({ lengths, repeated }) => [lengths[0], repeated])).toEqual([
    [expect.any(Number), undefined],
    ...[1, 2].map(() => [plan.jobs[0]?.lengths[0], plan.jobs[0]?.lengths[0]]),
  ]);
  const small = await planned('q', ['a', 'bb', 'x'.repeat(300)], {}, { batch: 100 });
  for (const { lengths } of small.jobs) {
    const own = lengths.subarray(1);
    if (own.length > 1) expect(own.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(100);
  }
});

test('T15: equal documents are computed once', async () => {
  const plan = await planned('q', ['same', 'other', 'same']);
  expect(plan.windows?.[0]).toEqual(plan.windows?.[2]);
  expect(plan.members.flat()).toHaveLength(2);
});

describe('a document that is too long', () => {
  const long = 'abcdefghij'.repeat(100);

  test('is cut, and the end of the prompt remains', async () => {
    const plan = await planned('q', [long, 'short'], {}, { capacity: frame + 51 });
    expect(prompts(plan)).toEqual([[promptOf(long.slice(0, 50))], [promptOf('short')]]);
    expect(plan).toMatchObject({ truncated: [true, false], overflow: 'truncate' });
    for (const { tokens } of plan.jobs) expect(tokens.length).toBeLessThanOrEqual(frame + 51);
  });

  test('T12: maxDocumentTokens', async () => {
    expect(prompts(await planned('q', [long], { maxDocumentTokens: 7 }))).toEqual([[promptOf(long.slice(0, 7))]]);
  });

  test('chunk: is read in overlapping windows', async () => {
    const plan = await planned('q', [long, 'short'], { overflow: 'chunk', maxDocumentTokens: 400 });
    expect(prompts(plan)).toEqual([
      [
        [0, 400],
        [320, 720],
        [640, 1000],
      ].map(([a, b]) => promptOf(long.slice(a, b))),
      [promptOf('short')],
    ]);
    expect(plan).toMatchObject({ truncated: [false, false], overflow: 'chunk' });
  });

  test('error: is refused', async () => {
    const message = /documents\[1\] has 1000 tokens, and 9 fit/;
    const refused = planned('q', ['a', long], { overflow: 'error', maxDocumentTokens: 9 });
    await expect(refused).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringMatching(message) });
  });
});

describe('a query that is too long', () => {
  test('T11: is cut before the documents are', async () => {
    const plan = await planned('question', ['document'], { maxQueryTokens: 3 });
    expect(prompts(plan)).toEqual([[promptOf('document', 'que')]]);
    expect(plan).toMatchObject({ queryTokens: 3, queryTruncated: true, truncated: [false] });
  });

  test('leaves a quarter of what is there to the document', async () => {
    const plan = await planned('q'.repeat(1000), ['d'.repeat(1000)], {}, { capacity: frame + 100 });
    expect(prompts(plan)).toEqual([[promptOf('d'.repeat(25), 'q'.repeat(75))]]);
  });

  test('error: is refused', async () => {
    const refused = planned('question', ['d'], { overflow: 'error', maxQueryTokens: 3 });
    await expect(refused).rejects.toMatchObject({
      code: 'CONTEXT_OVERFLOW',
      message: expect.stringMatching(/the query has 8 tokens, and 3/),
    });
  });
});

test('an instruction for which there is no room is refused', async () => {
  const refused = planned('q', ['d'], { instruction: 'i'.repeat(9000) });
  await expect(refused).rejects.toMatchObject({
    code: 'CONTEXT_OVERFLOW',
    message: expect.stringMatching(/shorter instruction/),
  });
});

test('mxbai-rerank-v2: the piece with the query has three quarters of the pair, the document the rest', async () => {
  const { before, run, after } = MXBAI_V2.build('', '');
  const around = size(before) + size(after);
  const plan = await planned(
    'q'.repeat(200),
    ['d'.repeat(200)],
    { instruction: 'i' },
    { template: MXBAI_V2, capacity: around + 100 },
  );
  const [[prompt]] = prompts(plan) as [[string]];
  const query = `instruction: i\nquery: ${'q'.repeat(200)}`.slice(0, 75);
  expect(prompt).toContain(`user\n${query}\n${run}${'d'.repeat(24 - run.length)}\nYou are`);
  expect(plan).toMatchObject({ queryTruncated: true, truncated: [true] });
});

test('the logit is the state times the direction, the score its sigmoid', async () => {
  const plan = await planned('q', ['a', 'bb']);
  const { scores, logits } = await family(QWEN3_RERANKER).score(plan, [Float32Array.of(3, 1, 1, 1)]);
  expect([...(logits as Float64Array)]).toEqual([1, -1]);
  expect(scores[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 15);
  expect(scores[1]).toBeCloseTo(1 / (1 + Math.exp(1)), 15);
});
