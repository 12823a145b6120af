import { expect, test } from 'vitest';
import { adviceFor, failureOf, titleFor } from '../../../src/server/page/failure.js';

test('an answer of the server', () => {
  const errors = [{ field: 'top_n', message: 'must be 1 or more' }, null, { field: 'x' }];
  const failure = failureOf(422, JSON.stringify({ detail: 'no', code: 'INVALID_ARGUMENT', request_id: 'r1', errors }), null);
  expect(failure).toMatchObject({ message: 'no', status: 422, code: 'INVALID_ARGUMENT', requestId: 'r1', fields: [errors[0]] });
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

test('a code knows more than a status', () => {
  expect(adviceFor(failureOf(422, '{"code":"CONTEXT_OVERFLOW"}', null))).toMatch(/longer than the model/);
});
