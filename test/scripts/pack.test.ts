import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { newestVersions, systemOf } from '../../scripts/pack/binary.mjs';
import { checkMain, checkPlatform } from '../../scripts/pack/check.mjs';
import { type Manifest, platforms, readManifest, root } from '../../scripts/pack/platforms.mjs';
import { sizeOf } from '../../scripts/pack/size.mjs';
import { mainManifest, platformManifest } from '../../scripts/pack/stage.mjs';
import { checkTypes, lintPackage } from '../../scripts/pack/types.mjs';

const temporary = mkdtempSync(join(tmpdir(), 'llama-rerank-checks-'));
afterAll(() => rmSync(temporary, { recursive: true }));
const folder = join(temporary, 'package');
const write = (file: string, content: string | Buffer) => {
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), content);
};
const change = (edit: (manifest: Manifest) => void) => {
  const manifest = readManifest(folder);
  edit(manifest);
  write('package.json', JSON.stringify(manifest));
};

/** A library of Linux, as far as it is looked at. */
function elf(machine: number, ...symbols: string[]): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header.writeUInt16LE(machine, 18);
  return Buffer.concat([header, ...symbols.map((symbol) => Buffer.from(`\0${symbol}\0`))]);
}

test('the checkout names llama.cpp, and the published package platforms of its own version', () => {
  const checkout = readManifest(root);
  const { scripts, devDependencies, optionalDependencies, private: hidden } = mainManifest(checkout);
  expect([scripts, devDependencies, hidden]).toEqual([undefined, undefined, undefined]);
  expect(checkout.private).toBe(true);
  expect(Object.keys(checkout.optionalDependencies ?? {})).toContain('@node-llama-cpp/linux-x64');
  expect(optionalDependencies).toEqual(
    Object.fromEntries(Object.keys(platforms).map((platform) => [`@llama-rerank/${platform}`, checkout.version])),
  );
  expect(platformManifest(checkout, 'linux-arm64')).toMatchObject({
    os: ['linux'],
    cpu: ['arm64'],
    libc: ['glibc'],
    preferUnplugged: true,
    dependencies: { '@node-llama-cpp/linux-arm64': checkout.optionalDependencies?.['@node-llama-cpp/linux-x64'] },
  });
  expect(() => platformManifest(checkout, 'plan9-x64')).toThrow(/has no plan9-x64/);
});

test('the loader knows exactly the platforms that have packages', () => {
  const loader = readFileSync(join(root, 'src/engine/find-addon.ts'), 'utf8');
  const known = Array.from(loader.matchAll(/require\('@llama-rerank\/([\w-]+)\/llama_rerank\.node'\)/g), ([, name]) => name);
  expect(known.sort()).toEqual(Object.keys(platforms).sort());
});

describe('the main package', () => {
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    const manifest = { ...mainManifest(readManifest(root)), dependencies: { commander: '^14.0.3' } };
    const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' };
    write('package.json', JSON.stringify({ ...manifest, exports }));
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'gguf/model.gguf', 'dist/server/page/index.html'])
      write(file, 'x');
    write('dist/index.js', `import { Command } from 'commander';\nimport 'node:fs';\nexport { run } from './cli/run.js';\n`);
    write('dist/index.d.ts', `export declare const run: number;\n`);
    write('dist/cli/run.js', 'export const run = 1;\n');
    write('dist/cli/main.js', '#!/usr/bin/env node\n');
  });

  test('one that is right', () => {
    expect(checkMain(folder)).toEqual([]);
  });

  test.each([
    ['a test', () => write('dist/a.test.js', ''), 'dist/a.test.js does not belong'],
    ['a source', () => write('dist/index.ts', ''), 'dist/index.ts does not belong'],
    ['a source map', () => write('dist/index.js.map', ''), 'dist/index.js.map does not belong'],
    ['an addon', () => write('build/Release/x.node', ''), 'build/Release/x.node does not belong'],
    ['no model', () => rmSync(join(folder, 'gguf/model.gguf')), 'the starter model is missing'],
    ['a name of a map', () => write('dist/cli/run.js', '//# sourceMappingURL=run.js.map'), 'run.js names a source map'],
    ['a missing export', () => rmSync(join(folder, 'dist/index.d.ts')), 'names ./dist/index.d.ts, which is not in the package'],
    ['a missing module', () => rmSync(join(folder, 'dist/cli/run.js')), 'imports ./cli/run.js, which is not in the package'],
    ['a package that is not declared', () => change((m) => delete m.dependencies), 'imports commander, which is no dependency'],
    ['no first line', () => write('dist/cli/main.js', ''), 'does not begin with #!'],
    ['a script', () => change((m) => Object.assign(m, { scripts: { postinstall: 'x' } })), 'has a script, postinstall'],
    ['gypfile', () => change((m) => delete m.gypfile), 'gypfile is not false'],
    ['private', () => change((m) => Object.assign(m, { private: true })), 'says private'],
    [
      'a dependency from elsewhere',
      () => change((m) => Object.assign(m.dependencies ?? {}, { a: 'file:../a' })),
      'a is file:../a',
    ],
    ['a platform too few', () => change((m) => delete m.optionalDependencies?.['@llama-rerank/linux-x64']), 'not every platform'],
    [
      'a range of platforms',
      () => change((m) => Object.assign(m.optionalDependencies ?? {}, { '@llama-rerank/linux-x64': '^0.1.0' })),
      'not every platform',
    ],
  ])('with %s', (_, spoil, problem) => {
    spoil();
    expect(checkMain(folder)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('a platform package', () => {
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    write('package.json', JSON.stringify(platformManifest(readManifest(root), 'linux-x64')));
    for (const file of ['README.md', 'LICENSE']) write(file, 'x');
    write('llama_rerank.node', elf(62, 'GLIBC_2.2.5', 'GLIBC_2.28', 'GLIBC_2.4'));
  });

  test('one that is right', () => {
    expect(checkPlatform(folder, { release: true })).toEqual([]);
  });

  test.each([
    ['a file more', () => write('x.txt', ''), 'it holds LICENSE README.md llama_rerank.node package.json x.txt'],
    ['another processor', () => write('llama_rerank.node', elf(183)), 'the addon is for linux-arm64'],
    ['a new glibc', () => write('llama_rerank.node', elf(62, 'GLIBC_2.9', 'GLIBC_2.34')), 'needs GLIBC_2.34; at most GLIBC_2.28'],
    ['libstdc++', () => write('llama_rerank.node', elf(62, 'GLIBCXX_3.4.21')), 'needs GLIBCXX_3.4.21; link it statically'],
    ['another os', () => change((m) => Object.assign(m, { os: ['darwin'] })), 'os, cpu and libc say darwin-x64-glibc'],
    ['no libc', () => change((m) => delete m.libc), 'os, cpu and libc say linux-x64'],
    [
      'a range',
      () => change((m) => Object.assign(m.dependencies ?? {}, { '@node-llama-cpp/linux-x64': '^3.21.1' })),
      'at one version',
    ],
    [
      'another platform’s llama.cpp',
      () => change((m) => Object.assign(m, { dependencies: { '@node-llama-cpp/mac-x64': '3.21.1' } })),
      'its dependency is not',
    ],
    [
      'exports that hide',
      () => change((m) => delete m.exports['./llama_rerank.node']),
      'do not let ./llama_rerank.node be found',
    ],
    ['a script', () => change((m) => Object.assign(m, { scripts: { install: 'node-gyp rebuild' } })), 'has a script, install'],
  ])('with %s', (_, spoil, problem) => {
    spoil();
    expect(checkPlatform(folder, { release: true })).toEqual([expect.stringContaining(problem)]);
  });

  test('an addon for this machine alone may need what this machine has', () => {
    write('llama_rerank.node', elf(62, 'GLIBC_2.34', 'GLIBCXX_3.4.30'));
    expect(checkPlatform(folder, { release: false })).toEqual([]);
  });
});

test('publint and arethetypeswrong find what they are there for', async () => {
  rmSync(folder, { recursive: true, force: true });
  const manifest = {
    name: 'bad',
    version: '1.0.0',
    type: 'module',
    exports: { '.': { default: './index.js', types: './index.d.ts' } },
  };
  write('package.json', JSON.stringify(manifest));
  write('index.js', 'export const a = 1;');
  write('index.d.ts', 'export declare const a: number;');
  expect((await lintPackage(folder)).join()).toMatch(/^publint, bad: .*types should be the first/);
  const packed = () => {
    execFileSync('npm', ['pack', folder, '--loglevel=error'], { cwd: temporary, shell: process.platform === 'win32' });
    return checkTypes(join(temporary, 'bad-1.0.0.tgz'));
  };
  change((m) => Object.assign(m, { exports: { '.': { types: './index.d.ts', default: './index.js' } } }));
  expect(packed()).toEqual([]);
  write('index.d.ts', `export * from './without-ending';`);
  write('without-ending.d.ts', 'export declare const a: number;');
  expect(packed()).toEqual([expect.stringMatching(/^arethetypeswrong: [\s\S]*Internal resolution error/i)]);
});

test.each([
  [elf(62), 'linux-x64'],
  [elf(183), 'linux-arm64'],
  [Buffer.from('cffaedfe0c000001'.padEnd(128, '0'), 'hex'), 'darwin-arm64'],
  [Buffer.from('cffaedfe07000001'.padEnd(128, '0'), 'hex'), 'darwin-x64'],
  [
    Buffer.concat([Buffer.from('MZ'), Buffer.alloc(58), Buffer.from([64, 0, 0, 0]), Buffer.from('PE\0\0\x64\x86', 'latin1')]),
    'win32-x64',
  ],
  [Buffer.alloc(64), 'unknown'],
  [Buffer.from('text'), 'unknown'],
])('a library’s system', (file, system) => {
  expect(systemOf(file)).toBe(system);
});

test('versions compare as numbers, and only whole names count', () => {
  const file = elf(62, 'GLIBC_2.9', 'GLIBC_2.17', 'GLIBCXX_3.4.9', 'GLIBC_PRIVATE', 'xGLIBC_2.99');
  expect(newestVersions(file)).toEqual({ GLIBC: '2.17', GLIBCXX: '3.4.9' });
});

test('a folder’s size is the sum of its files', () => {
  const sized = join(temporary, 'sized');
  mkdirSync(join(sized, 'a/b'), { recursive: true });
  writeFileSync(join(sized, 'a/one'), 'x'.repeat(1000));
  writeFileSync(join(sized, 'a/b/two'), 'y'.repeat(234));
  expect(sizeOf(sized)).toEqual({ bytes: 1234, files: 2 });
});
