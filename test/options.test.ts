import { describe, expect, test } from 'vitest';
import { checkText } from '../src/checks.js';
import { RerankError } from '../src/errors.js';
import { readKernels, readLoadOptions, readRequest } from '../src/options.js';

const RULES = {
  name: 'listwise',
  options: ['instruction', 'returnEmbeddings'],
  overflows: ['split', 'truncate', 'error'],
  defaults: { maxQueryTokens: 512, maxDocumentTokens: 2048, blockSize: 125, overflow: 'split' },
} as const;
const request = (query: unknown, documents: unknown, options: unknown = {}) => readRequest(query, documents, options, RULES);

function caught(call: () => unknown): RerankError {
  try {
    call();
  } catch (error) {
    if (error instanceof RerankError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** That the message begins with the place of the slip. */
function expectInvalid(call: () => unknown, place: string, expected: RegExp): void {
  const { code, message } = caught(call);
  expect(code).toBe('INVALID_ARGUMENT');
  expect(message.slice(0, place.length + 2)).toBe(`${place}: `);
  expect(message).toMatch(expected);
}

const many = Number.MAX_SAFE_INTEGER;
const counts = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null, 3n, {}];
const refusedCalls: [option: string, values: unknown[], expected: RegExp][] = [
  ['topN', counts, RegExp(`expected an integer from 1 to ${many}, got `)],
  ['blockSize', counts, RegExp(`an integer from 1 to ${many}`)],
  ['maxDocumentTokens', counts, RegExp(`an integer from 1 to ${many}`)],
  ['maxQueryTokens', counts, RegExp(`an integer from 1 to ${many}`)],
  ['minScore', [Number.NaN, Number.POSITIVE_INFINITY, '0.5', null, true], /a finite number/],
  ['timeout', [0, -5, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY, '100'], /milliseconds above 0/],
  ['text', ['', 5, null, ['body']], /a property name or a function/],
  ['returnEmbeddings', [0, 'true', null], /true or false/],
  ['instruction', [5, null, ['be strict']], /a string/],
  ['overflow', ['cut', '', null, true], /'split' or 'truncate' or 'chunk' or 'error'/],
  ['signal', [{}, { aborted: false }, null], /an AbortSignal/],
  ['onProgress', ['log', {}, null], /a function/],
];

const refusedLoads: [option: string, values: unknown[], expected: RegExp][] = [
  ['threads', [0, -1, 513, 100_000, 1.5, '4', Number.NaN], /an integer from 1 to 512, got /],
  ['contextSize', [0, 1, 63, 2 ** 31, 4096.5, '4096'], /an integer from 64 to 16777216/],
  ['ubatchSize', [0, 1, 15, 8193, Number.POSITIVE_INFINITY], /an integer from 16 to 8192/],
  ['pooling', ['rank', 'none', 1, null], /'mean' or 'cls' or 'last'/],
  ['queryPrefix', [5, null, ['query: ']], /a string/],
  ['documentPrefix', [5, null], /a string/],
  ['gpuLayers', [-1, 10_001, 0.5, 'all'], /an integer from 0 to 10000/],
  ['gpu', ['GPU', 'rocm', '', true, null], /'auto' or 'cpu' or 'metal' or 'cuda' or 'vulkan'/],
  ['flashAttention', ['on', 1, null], /true or false/],
  ['kvCacheType', ['f32', 'q4_0', 'F16', 1], /'f16' or 'q8_0'/],
  ['memoryBudget', [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1GB'], /a number above 0/],
  ['head', ['', 5, null], /a file path/],
  ['download', ['yes', true, null], /'auto' or 'never'/],
  ['sha256', ['', 'abc', 'g'.repeat(64), null], /64 hexadecimal digits/],
  ['onNotice', ['log', null], /a function/],
  ['signal', [{}, null], /an AbortSignal/],
  ['onProgress', ['log', null], /a function/],
];

const each = (rows: typeof refusedCalls) =>
  rows.flatMap(([option, values, expected]) => values.map((value) => [option, value, expected] as const));

test.each(each(refusedCalls))('A03: %s %o is refused', (option, value, expected) => {
  expectInvalid(() => request('q', ['a'], { [option]: value }), `options.${option}`, expected);
});

test.each(each(refusedLoads))('A05: %s %o is refused', (option, value, expected) => {
  expectInvalid(() => readLoadOptions({ [option]: value } as object), `options.${option}`, expected);
});

test.each(['topn', 'top_n', 'constructor', '__proto__', 'toString'])('A04: the option %s is not known', (option) => {
  const options = Object.defineProperty({}, option, { value: 1, enumerable: true });
  expectInvalid(() => request('q', [], options), `options.${option}`, /unknown option; known are topN, minScore, text/);
  expectInvalid(() => readLoadOptions(options), `options.${option}`, /unknown option; known are head, download, /);
});

test('LLAMA_RERANK_KERNELS', () => {
  expect(readKernels(undefined)).toBe('avx512');
  expect(readKernels('')).toBe('avx512');
  expect(readKernels('avx2')).toBe('avx2');
  expectInvalid(() => readKernels('AVX2'), 'LLAMA_RERANK_KERNELS', /'off' or 'plain' or 'avx2' or 'avxvnni' or 'avx512'/);
});

test.each([null, 5, 'fast', true])('A04: options that are %o', (options) => {
  expectInvalid(() => request('q', [], options), 'options', /an object/);
  expectInvalid(() => readLoadOptions(options as never), 'options', /an object/);
});

test('A05: a quantized cache needs flash attention', () => {
  const options = { kvCacheType: 'q8_0', flashAttention: false } as const;
  expectInvalid(() => readLoadOptions(options), 'options.kvCacheType', /'f16' without flash attention, got "q8_0"/);
  expect(readLoadOptions({ ...options, flashAttention: true })).toMatchObject({ kvCacheType: 'q8_0' });
});

test('limits themselves are taken, and undefined is the default', () => {
  const limits = { topN: 1, blockSize: many, timeout: 0.5, minScore: -1, overflow: 'error', instruction: undefined };
  expect(request('q', ['a'], limits).request).toMatchObject({ ...limits, instruction: '', maxQueryTokens: 512 });
  for (const threads of [1, 512]) expect(readLoadOptions({ threads })).toMatchObject({ threads, ubatchSize: 512 });
  for (const contextSize of [64, 1 << 24]) expect(readLoadOptions({ contextSize })).toMatchObject({ contextSize });
  const { threads, gpu, flashAttention } = readLoadOptions({ threads: undefined } as object);
  expect({ gpu, flashAttention }).toEqual({ gpu: 'auto', flashAttention: true });
  expect(threads).toBeGreaterThanOrEqual(1);
  expect(threads).toBeLessThanOrEqual(16);
});

const throwing = new Proxy([] as unknown[], {
  get: (_, key) => {
    if (key === 'length') return 2;
    throw new Error('trap');
  },
});

describe('A01', () => {
  test.each([
    ['a query that is a number', 5, ['a'], 'query', /a string, got 5/],
    ['a query that is null', null, ['a'], 'query', /a string, got null/],
    ['documents that are text', 'q', 'a', 'documents', /an array, got "a"/],
    ['documents that are an object', 'q', { 0: 'a', length: 1 }, 'documents', /an array, got a object/],
    ['no documents', 'q', undefined, 'documents', /an array, got undefined/],
    ['null among the documents', 'q', ['a', null], 'documents[1]', /a string or an object with a text, got null/],
    ['a hole', 'q', new Array(1), 'documents[0]', /got undefined/],
    ['a number among the documents', 'q', ['a', 'b', 'c', 7], 'documents[3]', /got 7/],
    ['a text that is a number', 'q', [{ text: 5 }], 'documents[0].text', /a string, got 5/],
    ['a proxy that throws', 'q', throwing, 'documents[0]', /reading it threw trap/],
  ])('%s', (_, query, documents, place, expected) => {
    expectInvalid(() => request(query, documents), place, expected);
  });

  test('a getter that throws, and what it threw as the cause', () => {
    const cause = new Error('no body');
    const documents = [
      'a',
      {
        get text() {
          throw cause;
        },
      },
    ];
    expectInvalid(() => request('q', documents), 'documents[1].text', /reading it threw no body/);
    expect(caught(() => request('q', documents)).cause).toBe(cause);
  });

  test('a function for texts that throws or gives no text', () => {
    const throws = () => {
      throw new Error('oops');
    };
    expectInvalid(() => request('q', ['a'], { text: throws }), 'text(documents[0])', /reading it threw oops/);
    expectInvalid(() => request('q', ['a'], { text: () => 5 }), 'text(documents[0])', /a string, got 5/);
  });

  test('every document is read once', () => {
    let reads = 0;
    const document = {
      get text() {
        return `version ${++reads}`;
      },
    };
    expect(request('q', [document]).request.texts).toEqual(['version 1']);
    expect(reads).toBe(1);
  });
});

describe('A02', () => {
  const documents = [{ text: 'a', body: 'b' }, { body: 'c' }];

  test('an object without a text', () => {
    expectInvalid(() => request('q', documents), 'documents[1]', /its property 'text', found none.*the option text/);
    expectInvalid(() => request('q', documents, { text: 'title' }), 'documents[0]', /its property 'title'/);
  });

  test('a property name or a function finds the text, and the documents stay what they are', () => {
    const byName = request('q', documents, { text: 'body' });
    expect(byName.request.texts).toEqual(['b', 'c']);
    expect(byName.documents[1]).toBe(documents[1]);
    const text = (document: { body: string }) => `<${document.body}>`;
    expect(request('q', documents, { text }).request.texts).toEqual(['<b>', '<c>']);
    expect(request('q', ['plain', { text: 'object' }]).request.texts).toEqual(['plain', 'object']);
  });
});

test('A11: the request is a frozen copy', () => {
  const documents = ['a', 'b'];
  const options = { topN: 1 };
  const made = request('q', documents, options);
  documents[0] = 'changed';
  documents.push('c');
  options.topN = 5;
  expect(made.documents).toEqual(['a', 'b']);
  expect(made.request).toMatchObject({ texts: ['a', 'b'], topN: 1 });
  expect(Object.isFrozen(made.request)).toBe(true);
});

test.each(['', ' ', '\n\t\u3000\u00a0', '\ufeff'])('T01: the query %o is empty', (query) => {
  expect(caught(() => request(query, ['a'])).code).toBe('INVALID_QUERY');
});

test.each([
  ['1 MiB of ASCII', 'x'.repeat(1 << 20), true],
  ['one byte more', 'x'.repeat((1 << 20) + 1), false],
  ['1 MiB in characters of three bytes, nearly', '日'.repeat(349_525), true],
  ['more than that', '日'.repeat(349_526), false],
  ['lone surrogates count as what they become', '\ud800'.repeat(349_526), false],
])('T10: a text of %s', (_, text, fits) => {
  if (fits) expect(checkText(text, 'query')).toBe(text);
  else
    expect(caught(() => checkText(text, 'documents[2]'))).toMatchObject({
      code: 'TEXT_TOO_LARGE',
      message: expect.stringMatching(/^documents\[2\]: /),
    });
});

test.each([
  ['a lone high surrogate', 'a\ud83d!', 'a\ufffd!'],
  ['a lone low surrogate', '\ude00', '\ufffd'],
  ['surrogates in the wrong order', '\ude00\ud83d', '\ufffd\ufffd'],
  ['a pair', '\ud83d\ude00', '😀'],
])('T04: %s', (_, text, expected) => {
  expect(checkText(text, 'query')).toBe(expected);
});
