import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('bullmq');
  vi.resetModules();
});

test('without BullMQ, the error says what to install', async () => {
  vi.resetModules();
  vi.doMock('bullmq', () => {
    throw new Error('gone');
  });
  const { openBullmq } = await import('../../src/bulk/connection.js');
  const opening = openBullmq({ redis: 'redis://127.0.0.1:1' });
  await expect(opening).rejects.toMatchObject({
    code: 'DEPENDENCY_MISSING',
    message: expect.stringContaining('npm install bullmq ioredis'),
  });
});

test.each([
  ['ReplyError', 'WRONGPASS invalid username-password pair', true],
  ['ReplyError', "OOM command not allowed when used memory > 'maxmemory'.", false],
  ['ReplyError', 'LOADING Redis is loading the dataset in memory', false],
  ['Error', 'Connection is closed.', false],
])('%s: %s is a refusal: %s', async (name, message, expected) => {
  const { isRefusal } = await import('../../src/bulk/connection.js');
  expect(isRefusal(Object.assign(new Error(message), { name }))).toBe(expected);
});

test.each(['redis:', 'localhost:6379', ''])("'%s' is no address", async (redis) => {
  const { openBullmq } = await import('../../src/bulk/connection.js');
  await expect(openBullmq({ redis })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a queue has no colon in its name', async () => {
  const { openBullmq } = await import('../../src/bulk/connection.js');
  const opening = openBullmq({ redis: 'redis://127.0.0.1:1', queue: 'a:b' });
  await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
