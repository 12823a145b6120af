import { resolve } from 'node:path';
import { expect, test, vi } from 'vitest';
import { addonCandidates, loadFirst } from '../../src/engine/find-addon.js';

const failing = (name: string, reason: string) => ({
  name,
  load: () => {
    throw new Error(reason);
  },
});

test('what was compiled here comes before the package, and LLAMA_RERANK_ADDON instead of both', () => {
  const names = addonCandidates('').map(({ name }) => name);
  expect(names).toEqual([
    resolve(import.meta.dirname, '../../build/Release/llama_rerank.node'),
    `@llama-rerank/${process.platform}-${process.arch}`,
  ]);
  expect(addonCandidates('some/file.node').map(({ name }) => name)).toEqual([resolve('some/file.node')]);
});

test('the first that loads is taken, and none after it is tried', () => {
  const last = vi.fn();
  expect(loadFirst([failing('a', 'x'), { name: 'b', load: () => 'addon' }, { name: 'c', load: last }], false)).toBe('addon');
  expect(last).not.toHaveBeenCalled();
});

test('N08: a failure names the platform, every place with its reason, and what to do', () => {
  const candidates = [
    failing('/x/a.node', 'Cannot find module a\nRequire stack:'),
    failing('@llama-rerank/p', 'Cannot find module b'),
  ];
  const platform = `${process.platform}-${process.arch}`;
  const expected = {
    code: 'NATIVE_LOAD_FAILED',
    cause: expect.objectContaining({ message: 'Cannot find module b' }),
    message: expect.stringMatching(
      new RegExp(
        `on ${platform}, .*Tried /x/a\\.node: Cannot find module a; @llama-rerank/p: Cannot find module b\\. .*npm install`,
      ),
    ),
  };
  expect(() => loadFirst(candidates, false)).toThrow(expect.objectContaining(expected));
});
