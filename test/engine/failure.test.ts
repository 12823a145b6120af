import { once } from 'node:events';
import { expect, test } from 'vitest';
import { callSafely, failure } from '../../src/engine/failure.js';
import { RerankError } from '../../src/errors.js';

const native = (code: string) => Object.assign(new Error('what happened'), { code });

test.each([
  ['a code of this package', native('MODEL_LOAD_FAILED'), 'MODEL_LOAD_FAILED'],
  ['an unknown code', native('SOMETHING_NEW'), 'NATIVE_ERROR'],
  ['an abort that nobody asked for', native('ABORTED'), 'DISPOSED'],
])('%s', (_, error, code) => {
  const made = failure(error, new AbortController().signal);
  expect(made).toBeInstanceOf(RerankError);
  expect(made).toMatchObject({ code, cause: error });
});

test.each([
  ['an error of this package', new RerankError('TIMEOUT', 'late')],
  ['an error without a code', new TypeError('a mistake of ours')],
  ['something else', 'text'],
])('%s stays what it is', (_, error) => {
  expect(failure(error)).toBe(error);
});

test('an abort that was asked for becomes the signal’s reason', () => {
  const reason = { any: 'value' };
  expect(failure(native('ABORTED'), AbortSignal.abort(reason))).toBe(reason);
});

test('the signal’s reason stays what it is, whatever its code', () => {
  const signal = AbortSignal.abort();
  expect(signal.reason.code).toBe(20);
  expect(failure(signal.reason, signal)).toBe(signal.reason);
});

test.each([
  [new Error('oops'), 'oops'],
  ['text', 'text'],
])('A10: what a callback throws (%s) becomes a warning', async (thrown, message) => {
  const warned = once(process, 'warning');
  const seen: number[] = [];
  callSafely((value: number) => {
    seen.push(value);
    throw thrown;
  }, 7);
  const [warning] = await warned;
  expect(warning).toMatchObject({ name: 'LlamaRerankWarning', message: expect.stringContaining(message) });
  expect(seen).toEqual([7]);
  expect(() => callSafely(undefined)).not.toThrow();
});
