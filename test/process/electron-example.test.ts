import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPackageWithOptions, listPackage } from '@electron/asar';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { EXAMPLE, fakeFork, installedApp, NOTES, ROOT } from '../helpers/electron-app.js';
import { rejection } from '../helpers/reranker.js';

const app = installedApp();
afterAll(() => app.remove());

interface Found {
  candidates: number;
  results: { file: string; title: string; passage: string; relevanceScore: number }[];
}
interface Service {
  open(folder: string): Promise<{ folder: string; files: number; passages: number }>;
  search(query: string): Promise<Found>;
  stop(): void;
}
const started: ChildProcess[] = [];
const { SearchService } = (await import(join(app.folder, 'search-service.mjs'))) as {
  SearchService: new (fork: unknown) => Service;
};
const services: Service[] = [];
const service = () => {
  const made = new SearchService(fakeFork(join(app.folder, 'search-process.mjs'), started));
  services.push(made);
  return made;
};
afterEach(() => {
  for (const each of services.splice(0)) each.stop();
});

describe('the search process, under Node with a parentPort', () => {
  test('opens a folder and ranks its passages', async () => {
    const notes = service();
    expect(await notes.open(NOTES)).toEqual({ folder: NOTES, files: 5, passages: 15 });
    const { candidates, results } = await notes.search('the radiators stay cold');
    expect(candidates).toBeGreaterThan(0);
    expect(results[0]).toMatchObject({ file: 'heating.md', title: 'Heating', relevanceScore: expect.any(Number) });
    expect(results[0]?.passage).toContain('There is air in them.');
    const scores = results.map(({ relevanceScore }) => relevanceScore);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect((await notes.search('xylophone quartet')).results).toEqual([]);
  });

  test('a search ends the one before', async () => {
    const notes = service();
    await notes.open(NOTES);
    const [first, second] = [rejection(notes.search('the cat')), notes.search('the car does not start')];
    expect(await first).toMatchObject({ name: 'AbortError' });
    expect((await second).results[0]?.file).toBe('car.md');
  });

  test('errors keep their code', async () => {
    const notes = service();
    expect(await rejection(notes.open(join(NOTES, 'none')))).toMatchObject({ code: 'ENOENT' });
  });

  test('a process that is killed: the call fails, and the next search works with the notes', async () => {
    const notes = service();
    await notes.open(NOTES);
    const lost = rejection(notes.search('the cat'));
    started.at(-1)?.kill('SIGKILL');
    expect(await lost).toMatchObject({ code: 'PROCESS_ENDED' });
    expect((await notes.search('when the cat is alone')).results[0]?.file).toBe('cat.md');
  });
});

test('passages: headings go with what is below them', async () => {
  const { passagesOf } = (await import(join(app.folder, 'notes.mjs'))) as { passagesOf(text: string): string[] };
  const long = 'word '.repeat(100).trim();
  expect(passagesOf(`# A\n\n## B\n\none\n\ntwo\n\n## C\r\n\r\n${long}\n\n${long}\n\n# D\n`)).toEqual([
    '## B\n\none\n\ntwo',
    `## C\n\n${long}`,
    long,
  ]);
});

describe('packaging', () => {
  const config = parse(readFileSync(join(EXAMPLE, 'electron-builder.yml'), 'utf8')) as { asarUnpack: string[]; files: string[] };

  test('in the archive is JavaScript; what native code opens lies beside it', async () => {
    const staged = join(app.folder, 'staged');
    const modules = join(staged, 'node_modules');
    const own = join(modules, 'llama-rerank');
    for (const name of readdirSync(EXAMPLE)) cpSync(join(EXAMPLE, name), join(staged, name), { recursive: true });
    for (const name of ['package.json', 'dist', 'gguf']) cpSync(join(ROOT, name), join(own, name), { recursive: true });
    mkdirSync(join(own, 'build/Release'), { recursive: true });
    cpSync(join(ROOT, 'build/Release/llama_rerank.node'), join(own, 'build/Release/llama_rerank.node'));
    // The platform packages, in small.
    for (const name of ['@node-llama-cpp/linux-x64', '@llama-rerank/linux-x64']) {
      mkdirSync(join(modules, name, 'bins'), { recursive: true });
      for (const file of ['package.json', 'index.js', 'bins/libllama.so', 'bins/addon.node'])
        writeFileSync(join(modules, name, file), '');
    }
    const archive = join(app.folder, 'app.asar');
    // asar matches whole paths, electron-builder those within the app.
    const unpack = `{${config.asarUnpack.map((glob) => `${staged}/${glob}`).join(',')}}`;
    await createPackageWithOptions(staged, archive, { unpack });

    const native = (path: string) => /\.(node|so|dylib|dll|gguf)$/.test(path);
    const inside = listPackage(archive, { isPack: false }).map((path) => path.slice(1).replaceAll('\\', '/'));
    const beside = readdirSync(`${archive}.unpacked`, { recursive: true, encoding: 'utf8' }).map((path) =>
      path.replaceAll('\\', '/'),
    );
    expect(inside.filter(native)).toHaveLength(6);
    // What llama-rerank hands to native code: a path in app.asar, with app.asar.unpacked in its place.
    for (const path of inside.filter(native))
      expect(existsSync(join(archive, path).replace('app.asar', 'app.asar.unpacked')), path).toBe(true);
    expect(inside).toContain('node_modules/llama-rerank/dist/index.js');
    expect(beside.filter((path) => path.startsWith('node_modules/llama-rerank/dist'))).toEqual([]);
    expect(beside.filter((path) => /^[^/]+\.(mjs|cjs)$/.test(path))).toEqual([]);
  });

  test("llama.cpp's packages have the names that the filter expects", () => {
    expect(config.files).toContain(`node_modules/@node-llama-cpp/\${os}-\${arch}*/bins/**`);
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    // ${os} is mac, linux or win; ${arch} is x64 or arm64, among others.
    for (const name of Object.keys(optionalDependencies).filter((each) => each.startsWith('@node-llama-cpp/')))
      expect(name).toMatch(/^@node-llama-cpp\/(mac|linux|win)-(x64|arm64)(-|$)/);
  });

  test('the addon is compiled without external buffers, which Electron refuses', () => {
    const gyp = readFileSync(join(ROOT, 'binding.gyp'), 'utf8');
    expect(gyp).toContain('NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED');
  });
});
