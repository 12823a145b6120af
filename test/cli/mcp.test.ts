import { expect, test } from 'vitest';
import { runFake } from './fake-shell.js';

test('without flags: the starter model, no folders, nothing on stdout', async () => {
  const { code, mcp, stdout, stderr } = await runFake(['mcp'], { stdin: '' });
  expect(code).toBe(0);
  expect(mcp).toEqual([
    {
      model: undefined,
      loadOptions: { onNotice: expect.any(Function), onProgress: expect.any(Function) },
      roots: [],
      onError: expect.any(Function),
    },
  ]);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^llama-rerank: starter model: English only[^\n]*\n$/);
});

test('flags reach the server', async () => {
  const { code, mcp, logLevels } = await runFake(
    ['mcp', '-m', 'm.gguf', '--root', 'a', '--root', 'b c', '-t', '2', '--offline', '-vv'],
    {
      stdin: '',
    },
  );
  expect(code).toBe(0);
  expect(mcp[0]).toMatchObject({ model: 'm.gguf', roots: ['a', 'b c'], loadOptions: { threads: 2, download: 'never' } });
  expect(logLevels).toEqual([4]);
});

test('somebody who starts it by hand is told what it waits for', async () => {
  const { stderr } = await runFake(['mcp']);
  expect(stderr).toContain('waiting for a client on stdin');
});

test('other arguments are refused', async () => {
  const { code, mcp } = await runFake(['mcp', 'notes']);
  expect(code).toBe(2);
  expect(mcp).toEqual([]);
});
