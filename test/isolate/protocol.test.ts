import { deserialize, serialize } from 'node:v8';
import { expect, test } from 'vitest';
import { RerankError } from '../../src/errors.js';
import { packError, slices, unpackError } from '../../src/isolate/protocol.js';
import { packVectors, unpackVectors } from '../../src/isolate/vectors.js';

/** Through the serialization of `fork`. */
const sent = <T>(value: T): T => deserialize(serialize(value)) as T;

test('an error of this package is one again, with its code, message and where it was thrown', () => {
  const error = new RerankError('CONTEXT_OVERFLOW', 'documents[3]: too long');
  const again = unpackError(sent(packError(error)));
  expect(again).toBeInstanceOf(RerankError);
  expect(again).toMatchObject({ code: 'CONTEXT_OVERFLOW', message: error.message });
  expect((again.cause as Error).stack).toBe(error.stack);
});

test.each([
  [Object.assign(new TypeError('no such thing'), { code: 'ERR_SOMETHING' }), 'TypeError', 'ERR_SOMETHING'],
  [new RangeError('too far'), 'RangeError', undefined],
  ['thrown text', 'Error', undefined],
  [
    Object.assign(new Error('made elsewhere'), { name: 'RerankError', code: 'OF_A_LATER_VERSION' }),
    'RerankError',
    'OF_A_LATER_VERSION',
  ],
])('another error keeps name, code and message: %s', (error, name, code) => {
  const again = unpackError(sent(packError(error)));
  expect(again).not.toBeInstanceOf(RerankError);
  expect([again.name, (again as { code?: string }).code]).toEqual([name, code]);
  expect(again.message).toBe(typeof error === 'string' ? error : error.message);
});

test('texts go in slices that hold all of them in order', () => {
  const texts = Array.from({ length: 1000 }, (_, i) => `${i} `.repeat(i));
  const parts = [...slices(texts)];
  expect(parts.flat()).toEqual(texts);
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts.slice(0, -1)) expect(part.join('').length).toBeLessThan(2 ** 18 + 4000);
  expect([...slices([])]).toEqual([]);
  expect([...slices([''])]).toEqual([['']]);
});

test('vectors come back with the same bits and memory of their own', () => {
  const vectors = [Float32Array.of(0.1, -0, 3e-45), Float32Array.of(1, 2, 3)];
  const again = unpackVectors(sent(packVectors(vectors)));
  expect(again).toEqual(vectors);
  expect(again.map(({ buffer, byteOffset }) => [buffer.byteLength, byteOffset])).toEqual([
    [12, 0],
    [12, 0],
  ]);
  expect(unpackVectors(sent(packVectors([])))).toEqual([]);
});
