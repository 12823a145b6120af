import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/family.js';
import { planPrompts } from '../../src/listwise/plan.js';
import { readRequest } from '../../src/options.js';
import type { RerankOptions } from '../../src/types.js';
import { FAKE_SPECIALS, fakeText, fakeTokenizer } from '../helpers/fake-tokenizer.js';

const RULES = {
  name: 'listwise',
  options: ['instruction', 'returnEmbeddings'],
  overflows: ['split', 'truncate', 'error'],
  defaults: { maxQueryTokens: 50, maxDocumentTokens: 100, blockSize: 125, overflow: 'split' },
} as const;
const QUERY = 'what is it?';

function plan(documents: string[], capacity: number, options: RerankOptions = {}, tokenizer = fakeTokenizer()): Promise<Plan> {
  const { request } = readRequest(QUERY, documents, options, RULES);
  return planPrompts(request, tokenizer, FAKE_SPECIALS, capacity);
}

/** Tokens of the prompt's own words, with one document that is empty. */
const OVERHEAD = (await plan([''], 1e6)).jobs[0]?.tokens.length as number;
const PER_DOCUMENT = '\n</passage>\n<passage id="0">\n'.length + 1;

const longest = ({ jobs }: Plan) => Math.max(...jobs.map((job) => job.tokens.length));
const lengths = ({ jobs }: Plan) =>
  jobs.flatMap((job) => [...fakeText(job.tokens).matchAll(/<passage id="\d+">\n(x*)/g)].map(([, text]) => text?.length));

/** Every document in exactly one block, in order; every prompt within the capacity; a marked row for each. */
function expectWhole(result: Plan, count: number, capacity: number): void {
  expect(result.members.flat()).toEqual(Array.from({ length: count }, (_, i) => i));
  expect(longest(result)).toBeLessThanOrEqual(capacity);
  result.jobs.forEach((job, b) => {
    const marked = [...job.rows].map((at) => job.tokens[at]);
    const documents = (result.members[b] as readonly number[]).map(() => FAKE_SPECIALS['<|embed_token|>']);
    expect(marked).toEqual([...documents, FAKE_SPECIALS['<|rerank_token|>']]);
    expect([...job.lengths]).toEqual([job.tokens.length]);
  });
}

test('a list that fits is one prompt, whatever the policy', async () => {
  const documents = ['x', 'xx', ''];
  const [split, ...others] = await Promise.all(
    (['split', 'truncate', 'error'] as const).map((overflow) => plan(documents, 4000, { overflow })),
  );
  expect(split).toMatchObject({ members: [[0, 1, 2]], overflow: 'none', queryTokens: QUERY.length, queryTruncated: false });
  expect(split?.truncated).toEqual([false, false, false]);
  for (const other of others) expect(other).toEqual(split);
});

test('query and documents are normalised and cut to their limits', async () => {
  const { request } = readRequest('e\u0301'.repeat(60), ['x'.repeat(101), 'x'.repeat(100), 'e\u0301'], {}, RULES);
  const result = await planPrompts(request, fakeTokenizer(), FAKE_SPECIALS, 4000);
  expect(result).toMatchObject({ queryTokens: 50, queryTruncated: true, truncated: [true, false, false] });
  const text = fakeText((result.jobs[0] as Plan['jobs'][number]).tokens);
  expect(text).toContain(`query: ${'é'.repeat(50)}\n`);
  expect(text).toContain('">\né<|embed_token|>');
});

describe('split', () => {
  test('the reference’s rule is kept where its prompts fit', async () => {
    const result = await plan(new Array(30).fill('x'.repeat(100)), 1900);
    expect(result.overflow).toBe('split');
    expectWhole(result, 30, 1900);
  });

  test('T13: blocks are made smaller where the prompt’s own words do not fit', async () => {
    const capacity = OVERHEAD + 5 * (PER_DOCUMENT + 100);
    const result = await plan(new Array(20).fill('x'.repeat(100)), capacity);
    expectWhole(result, 20, capacity);
    expect(result.overflow).toBe('split');
    expect(result.truncated).not.toContain(true);
    expect(Math.max(...result.members.map((block) => block.length))).toBeGreaterThan(1);
  });

  test('finding the blocks takes few attempts, even where each lacks one token only', async () => {
    const documents = new Array(120).fill('x'.repeat(50));
    const once = fakeTokenizer();
    await plan(documents, 1e6, {}, once);
    const again = fakeTokenizer();
    const capacity = OVERHEAD + 119 * (PER_DOCUMENT + 50);
    const result = await plan(documents, capacity, { maxDocumentTokens: 60 }, again);
    expectWhole(result, 120, capacity);
    expect(again.read).toBeLessThan(5 * once.read);
    expect(result.jobs).toHaveLength(2);
  });

  test('short documents share prompts, though the words around them are longer', async () => {
    const capacity = OVERHEAD + 30 * (PER_DOCUMENT + 5);
    const result = await plan(new Array(120).fill('xxxx'), capacity, { maxDocumentTokens: 20 });
    expectWhole(result, 120, capacity);
    expect(result.jobs.length).toBeLessThanOrEqual(5);
  });

  test('T13: every list that can be split is, into whole documents', async () => {
    for (let round = 0; round < 60; round++) {
      const documents = Array.from({ length: 1 + ((round * 7) % 40) }, (_, i) => 'x'.repeat((i * 37 + round * 11) % 130));
      const capacity = OVERHEAD + 100 + ((round * 131) % 1500);
      expectWhole(await plan(documents, capacity), documents.length, capacity);
    }
  });

  test('one document that does not fit is an error', async () => {
    await expect(plan(['x'.repeat(50)], OVERHEAD + 49)).rejects.toMatchObject({
      code: 'CONTEXT_OVERFLOW',
      message: expect.stringContaining(`${OVERHEAD + 50} tokens are needed, ${OVERHEAD + 49} are there`),
    });
  });
});

describe('truncate', () => {
  const documents = [10, 100, 40, 100].map((length) => 'x'.repeat(length));
  const whole = OVERHEAD + 3 * PER_DOCUMENT + 250;

  test('trims the longest documents evenly and marks them', async () => {
    const result = await plan(documents, whole - 80, { overflow: 'truncate' });
    expectWhole(result, 4, whole - 80);
    expect(result).toMatchObject({ overflow: 'truncate', members: [[0, 1, 2, 3]], truncated: [false, true, false, true] });
    expect(lengths(result)).toEqual([10, 60, 40, 60]);
  });

  test('uses the whole capacity where the rule would split', async () => {
    const result = await plan(documents, whole, { overflow: 'truncate' });
    expect(result).toMatchObject({ overflow: 'none', truncated: [false, false, false, false] });
    expect(longest(result)).toBe(whole);
  });

  test('a document that was cut to its own limit stays marked', async () => {
    const result = await plan(['x'.repeat(200), 'x'], whole, { overflow: 'truncate' });
    expect(result).toMatchObject({ overflow: 'none', truncated: [true, false] });
  });

  test('is an error where no token of a document would be left', async () => {
    const least = OVERHEAD + 3 * PER_DOCUMENT + 4;
    expectWhole(await plan(documents, least, { overflow: 'truncate' }), 4, least);
    const rejected = expect(plan(documents, least - 1, { overflow: 'truncate' })).rejects;
    await rejected.toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringContaining('4 documents') });
  });
});

test.each([
  ['a prompt too long', new Array(9).fill('x'.repeat(90)), OVERHEAD + 900],
  ['more documents than a block', new Array(126).fill(''), 1e6],
  ['room for less than one more document', new Array(10).fill('x'.repeat(100)), 1000],
])('error: %s', async (_, documents, capacity) => {
  const rejected = expect(plan(documents, capacity, { overflow: 'error' })).rejects;
  await rejected.toMatchObject({ code: 'CONTEXT_OVERFLOW', message: expect.stringContaining(`${documents.length} documents`) });
});

test('an aborted call stops between steps', async () => {
  const { request } = readRequest(QUERY, ['x'], {}, RULES);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(planPrompts(request, fakeTokenizer(), FAKE_SPECIALS, 4000, signal)).rejects.toThrow('enough');
});
