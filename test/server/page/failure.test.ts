import { expect, test } from 'vitest';
import { adviceFor, failureOf, titleFor } from '../../../src/server/page/failure.js';

test('an answer of the server', () => {
  const errors = [{ field: 'top_n', message: 'must be 1 or more' }, null, { field: 'x' }];
  const failure = failureOf(422, JSON.stringify({ detail: 'no', code: 'INPUT_INVALID', request_id: 'r1', errors }), null);
  expect(failure).toMatchObject({ message: 'no', status: 422, code: 'INPUT_INVALID', requestId: 'r1', fields: [errors[0]] });
  expect(titleFor(failure)).toBe('The request was refused');
});

test.each(['<html>Bad Gateway</html>', '', 'null', '"text"', '{"detail":{}}'])('an answer in another form: %s', (body) => {
  const failure = failureOf(502, body, null);
  expect(failure).toMatchObject({ message: 'The server answered with status 502.', code: 'HTTP_502', fields: [] });
  expect(titleFor(failure)).toBe('The server failed');
  expect(adviceFor(failure)).toMatch(/log/);
});

test('busy servers say when to try again', () => {
  expect(adviceFor(failureOf(429, '{}', '3'))).toBe('The server is busy. Try again in 3 seconds.');
  expect(adviceFor(failureOf(503, '{}', '1'))).toMatch(/in 1 second\.$/);
  expect(adviceFor(failureOf(503, '{}', 'Wed, 21 Oct'))).toMatch(/in a moment\.$/);
});

test.each([
  [413, 'INPUT_TOO_LARGE', /fewer or shorter documents/],
  [413, 'HTTP_413', /fewer or shorter documents/],
  [422, 'INPUT_INVALID', /what the message names/],
  [422, 'INPUT_TOKEN_LIMIT_EXCEEDED', /Shorten the query or the longest document/],
  [503, 'SERVICE_UNAVAILABLE', /loading a model or shutting down\. Try again in a moment\.$/],
  [503, 'MODEL_UNREADABLE', /^Choose another model/],
  [503, 'INSUFFICIENT_MEMORY', /smaller model\.$/],
  [504, 'SERVICE_TIMEOUT', /fewer or shorter documents.*--timeout/],
  [504, 'HTTP_504', /fewer or shorter documents/],
])('%i %s', (status, code, advice) => {
  expect(adviceFor(failureOf(status, JSON.stringify({ code }), null))).toMatch(advice);
});

test('what a 503 means depends on its code', () => {
  expect(titleFor(failureOf(503, '', null))).toBe('The server is not ready');
  expect(titleFor(failureOf(503, '{"code":"SERVICE_UNAVAILABLE"}', null))).toBe('The server is not ready');
  expect(titleFor(failureOf(503, '{"code":"MODEL_UNREADABLE"}', null))).toBe('The model cannot be used');
});
