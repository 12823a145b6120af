import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkImports } from '../../scripts/check-imports.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imports-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Problems of a made-up src/ with these files. */
function problemsOf(files: Record<string, string>): string[] {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return checkImports(root);
}

const house = {
  'types.ts': `import type { E } from './errors.js'; export type T = E;`,
  'errors.ts': `export class E {}`,
  'vectors.ts': ``,
  'family.ts': `import './types.js';`,
  'options.ts': `import { T } from './types.js';`,
  'files/gguf.ts': `import '../errors.js';`,
  'files/cache.ts': `import './gguf.js';`,
  'engine/addon.ts': `import '../types.js';`,
  'engine/engine.ts': `import './addon.js'; import '../files/gguf.js'; import '../errors.js';`,
  'listwise/prompt.ts': `import '../types.js'; import type { A } from '../engine/addon.js';`,
  'listwise/score.ts': `import './prompt.js'; type A = import('../engine/addon.js').A;`,
  'pairwise/head.ts': `import '../errors.js'; import '../family.js'; import '../vectors.js'; import 'node:fs'; import 'typescript';`,
  'reranker.ts': `import './options.js'; import './listwise/prompt.js'; import './engine/engine.js'; import './files/cache.js';`,
  'index.ts': `export * from './reranker.js'; export * from './types.js'; export { m } from './eval/metrics.js';`,
  'eval/metrics.ts': ``,
  'bulk/input.ts': `import '../index.js'; import '../eval/metrics.js';`,
  'cli/main.ts': `import '../index.js'; await import('./run.js');`,
  'cli/run.ts': ``,
};

test('a tree that keeps the rules has no problems', () => {
  expect(problemsOf(house)).toEqual([]);
});

test.each<[string, Record<string, string>, RegExp]>([
  ['a family imports another', { 'listwise/prompt.ts': `import '../pairwise/head.js';` }, /listwise may not import pairwise/],
  [
    'a family imports engine',
    { 'pairwise/head.ts': `import { a } from '../engine/addon.js';` },
    /pairwise may not import engine/,
  ],
  [
    'an inline type import, which is still run',
    { 'pairwise/head.ts': `import { type A } from '../engine/addon.js';` },
    /pairwise may not/,
  ],
  [
    'a family imports types of files',
    { 'pairwise/head.ts': `import type { A } from '../files/gguf.js';` },
    /may not import types of files/,
  ],
  ['files import engine', { 'files/gguf.ts': `import '../engine/addon.js';` }, /files may not import engine/],
  ['engine imports a family', { 'engine/addon.ts': `import '../listwise/prompt.js';` }, /engine may not import listwise/],
  ['types import what is above', { 'types.ts': `import '../src/options.js';` }, /types.ts:1: .* is outside src/],
  [
    'the interface of families imports engine',
    { 'family.ts': `import type { A } from './engine/addon.js';` },
    /family may not import types of engine/,
  ],
  ['a family imports another file of src', { 'listwise/score.ts': `import '../options.js';` }, /listwise may not import options/],
  ['errors import files', { 'errors.ts': `import './files/gguf.js';` }, /errors may not import files/],
  ['a surface goes past index', { 'cli/run.ts': `import '../engine/engine.js';` }, /cli may not import engine/],
  ['a surface imports another', { 'server/run.ts': `import '../eval/metrics.js';` }, /server may not import eval/],
  ['bulk goes past index', { 'bulk/input.ts': `import '../files/gguf.js';` }, /bulk may not import files/],
  ['eval imports bulk', { 'eval/metrics.ts': `import '../bulk/input.js';` }, /eval may not import bulk/],
  ['a surface is imported dynamically', { 'reranker.ts': `await import('./cli/run.js');` }, /reranker may not import cli/],
  ['the core imports a surface', { 'index.ts': `export * from './cli/run.js';` }, /index may not import cli/],
  ['the core imports index', { 'reranker.ts': `import './index.js';` }, /reranker may not import index/],
  ['a cycle', { 'files/gguf.ts': `import './cache.js';` }, /cycle: files\/gguf\.ts -> files\/cache\.ts -> files\/gguf\.ts/],
  ['a cycle of types', { 'errors.ts': `import type { T } from './types.js';` }, /cycle: types\.ts -> errors\.ts -> types\.ts/],
  ['utils.ts', { 'files/utils.ts': '' }, /files\/utils\.ts: name the job/],
  ['no ending', { 'options.ts': `import './types';` }, /options\.ts:1: \.\/types is not a relative path that ends in \.js/],
  ['a .ts ending', { 'options.ts': `import './types.ts';` }, /is not a relative path that ends in \.js/],
  ['a file that is not there', { 'options.ts': `\nimport './gone.js';` }, /options\.ts:2: \.\/gone\.js does not exist/],
  ['a file outside src', { 'options.ts': `import '../package.js';` }, /is outside src/],
  ['the package by its own name', { 'cli/run.ts': `import 'llama-rerank';` }, /is not a relative path/],
  ['an absolute path', { 'cli/run.ts': `import '/src/index.js';` }, /is not a relative path/],
])('%s', (_, change, problem) => {
  const problems = problemsOf({ ...house, ...change });
  expect(problems.join('\n')).toMatch(problem);
});
