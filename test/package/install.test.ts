import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest, root } from '../../scripts/pack/platforms.mjs';
import { SIZE_LIMIT, sizeOf } from '../../scripts/pack/size.mjs';
import { barePath, Consumer } from '../helpers/consumer.js';
import { type ScopedRegistry, scopedRegistry } from '../helpers/scoped-registry.js';

const require = createRequire(import.meta.url);
const PLATFORM = `${process.platform}-${process.arch}`;
const manifest = readManifest(root);
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const SNIPPET = /```ts(?: run)?\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
const WHERE = `import { listDevices } from 'llama-rerank'; console.log((await listDevices()).library.folder);`;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const atLeast = (...wanted: [number, number]) => major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);

/** npm, its cache and the registry are needed. Where a developer has no network, nothing is tested; CI has it. */
const reachable =
  process.env.CI !== undefined ||
  spawnSync('npm', ['view', 'fastify', 'version', '--fetch-retries=0'], { shell: true }).status === 0;
if (!reachable) console.warn('the registry cannot be reached: the tests of an installation are skipped');

describe.skipIf(!reachable || process.platform === 'win32')('an installation of the packed packages', () => {
  const out = mkdtempSync(join(tmpdir(), 'llama-rerank-packed-'));
  let main = '';
  let registry: ScopedRegistry;
  let bare = '';
  const made: string[] = [out];

  function consumer(path = bare): Consumer {
    const fresh = new Consumer(path, registry.url);
    made.push(fresh.folder);
    return fresh;
  }

  beforeAll(async () => {
    const args = ['scripts/pack.mjs', '--no-size', '--out', out];
    const packed = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (packed.status !== 0) throw new Error(packed.stderr);
    const [first = '', second = ''] = packed.stdout.trim().split('\n');
    main = first;
    registry = await scopedRegistry(second);
    bare = barePath();
    made.push(bare);
  });
  afterAll(async () => {
    await registry?.close();
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  });

  /** What a user does first: the snippet of the README and the command line. */
  async function expectUsable(app: Consumer, exec: string[] = ['npx']): Promise<void> {
    app.write('snippet.mjs', SNIPPET);
    expect(await app.expectRun('node', 'snippet.mjs')).toMatch(/index: 0,\s+relevanceScore: 0\.47/);
    app.write('hours.txt', 'Our shop opens at nine.');
    app.write('refunds.txt', 'Refunds are paid within five days of the return.');
    const [program = '', ...before] = exec;
    const rank = ['llama-rerank', 'rank', '-q', 'how do I get my money back?', '-n', '1', '--json', 'hours.txt', 'refunds.txt'];
    expect(await app.expectRun(program, ...before, ...rank)).toMatch(/refunds\.txt/);
  }

  test('npm, without scripts and on a machine without compilers', async () => {
    for (const tool of ['cc', 'gcc', 'g++', 'make', 'python3'])
      expect(spawnSync('sh', ['-c', `command -v ${tool}`], { env: { PATH: bare } }).status).not.toBe(0);
    const app = consumer();
    await app.expectRun('npm', 'install', '--ignore-scripts', main);
    const modules = join(app.folder, 'node_modules');
    expect(readdirSync(join(modules, '@llama-rerank'))).toEqual([PLATFORM]);
    expect(readdirSync(join(modules, '@node-llama-cpp'))).toHaveLength(1);
    const { bytes } = sizeOf(modules);
    expect(bytes).toBeLessThan(SIZE_LIMIT);
    await expectUsable(app);

    app.write('where.mjs', WHERE);
    const packaged = (await app.expectRun('node', 'where.mjs')).trim();
    const built = join(modules, 'llama-rerank', 'build', 'llama', 'local');
    cpSync(packaged, built, { recursive: true });
    expect((await app.expectRun('node', 'where.mjs')).trim()).toBe(built);
    app.write('named.mjs', `process.env.LLAMA_RERANK_LIBRARY_PATH = process.argv[2]; await import('./where.mjs');`);
    expect((await app.expectRun('node', 'named.mjs', packaged)).trim()).toBe(packaged);

    for (const subpath of Object.keys(manifest.exports)) {
      if (subpath === './package.json') continue;
      const { stderr } = await app.run('node', '-e', `import('llama-rerank${subpath.slice(1)}')`);
      // A framework that a subpath extends is the user's to install.
      const missing = /Cannot find package '([^']+)'/.exec(stderr)?.[1];
      if (missing === undefined) expect(stderr).toBe('');
      else expect(Object.keys(manifest.peerDependencies ?? {})).toContain(missing);
    }
    app.write('old.cjs', `const { Reranker } = require('llama-rerank'); console.log(typeof Reranker.load);`);
    const required = await app.run('node', 'old.cjs');
    if ((major === 20 && minor >= 19) || atLeast(22, 12)) expect(required.stdout).toBe('function\n');
    else expect(required.stderr).toContain('ERR_REQUIRE_ESM');
  });

  test('TypeScript with moduleResolution node16, nodenext and bundler', async () => {
    const app = consumer();
    await app.expectRun('npm', 'install', '--ignore-scripts', main);
    for (const types of ['@types/node', 'undici-types']) {
      mkdirSync(join(app.folder, 'node_modules', '@types'), { recursive: true });
      symlinkSync(dirname(require.resolve(`${types}/package.json`)), join(app.folder, 'node_modules', types), 'junction');
    }
    app.write(
      'main.ts',
      `import { Reranker, RerankError, type RerankResult } from 'llama-rerank';
       import { createApp } from 'llama-rerank/server';
       export async function first(texts: string[]): Promise<RerankResult<string> | undefined> {
         await using reranker = await Reranker.load();
         const { results } = await reranker.rerank('query', texts, { topN: 1 });
         const score: number | undefined = results[0]?.relevanceScore;
         if (score === undefined) throw new RerankError('INVALID_ARGUMENT', 'none');
         return results[0];
       }
       createApp({ apiKeys: ['key'] }).loaded.then(() => {});
       // @ts-expect-error: types are there, and not any
       Reranker.load(7);\n`,
    );
    const options = {
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      noEmit: true,
      preserveSymlinks: true,
    };
    for (const moduleResolution of ['node16', 'nodenext', 'bundler']) {
      const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution;
      const compilerOptions = { ...options, module, moduleResolution };
      app.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['main.ts'] }));
      await app.expectRun('node', require.resolve('typescript/bin/tsc'), '-p', '.');
    }
  });

  test('N08: without the platform package, or with a wrong one, the error says what to do', async () => {
    const app = consumer();
    await app.expectRun('npm', 'install', '--omit=optional', main);
    app.write('snippet.mjs', SNIPPET);
    const { status, stderr } = await app.run('node', 'snippet.mjs');
    expect(status).toBe(1);
    expect(stderr).toContain('NATIVE_LOAD_FAILED');
    expect(stderr).toContain(`@llama-rerank/${PLATFORM}: Cannot find module`);
    expect(stderr).toContain('npm install --include=optional llama-rerank');

    const place = `node_modules/@llama-rerank/${PLATFORM}`;
    app.write(`${place}/package.json`, '{}');
    app.write(`${place}/llama_rerank.node`, 'of another system'.repeat(100));
    const damaged = await app.run('node', 'snippet.mjs');
    expect(damaged.stderr).toMatch(/NATIVE_LOAD_FAILED.*for another system or processor, or damaged/s);
  });

  test('pnpm, which shows each package its own dependencies alone; llama.cpp for a GPU beside the app', async () => {
    const app = consumer();
    await app.expectRun('npx', '--yes', 'pnpm@10', 'add', '--ignore-scripts', main);
    expect(readdirSync(join(app.folder, 'node_modules'))).not.toContain('@node-llama-cpp');
    await expectUsable(app, ['npx', '--yes', 'pnpm@10', 'exec']);

    // A package as a user installs it into the app, with the libraries of the other.
    app.write('where.mjs', WHERE);
    const plain = (await app.expectRun('node', 'where.mjs')).trim();
    expect(plain).toContain(join('.pnpm', '@node-llama-cpp'));
    const system = plain.split(/[\\/]/).at(-1) ?? '';
    const gpu = join(app.folder, 'node_modules', '@node-llama-cpp', `${system}-vulkan`);
    cpSync(plain, join(gpu, 'bins', `${system}-vulkan`), { recursive: true });
    mkdirSync(join(gpu, 'dist'));
    writeFileSync(join(gpu, 'dist', 'index.js'), '');
    cpSync(join(dirname(dirname(plain)), 'package.json'), join(gpu, 'package.json'));
    if (PLATFORM !== 'darwin-arm64')
      expect((await app.expectRun('node', 'where.mjs')).trim()).toBe(join(gpu, 'bins', `${system}-vulkan`));
  });

  test('npm 12, which runs no scripts unless told', async () => {
    let path = bare;
    if (!atLeast(24, 15) && !(major === 22 && atLeast(22, 22))) {
      const tools = consumer();
      const node = `node-${PLATFORM.replace('win32', 'win')}`;
      await tools.expectRun('npm', 'install', '--ignore-scripts', `${node}@24`);
      path = barePath(join(tools.folder, 'node_modules', node, 'bin', 'node'));
      made.push(path);
    }
    const app = consumer(path);
    await app.expectRun('npx', '--yes', 'npm@12', 'install', main);
    expect(readdirSync(join(app.folder, 'node_modules', '@llama-rerank'))).toEqual([PLATFORM]);
    await expectUsable(app);
  });
});
