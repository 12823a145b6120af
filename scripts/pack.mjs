// @ts-check
/**
 * Makes the packages that are published, the main one and this platform's, and checks them. Changes no file that git tracks.
 *
 *   pack.mjs [--out FOLDER] [--release] [--no-size]
 *
 * `--out`: where the tarballs go; build/pack by default. `--release`: the addon is compiled to run on old systems too, and must.
 * `--no-size`: without the installation that measures the size, for which the registry is asked.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { addonFile, buildNative } from './build-native.mjs';
import { buildTypeScript } from './build-typescript.mjs';
import { checkMain, checkPlatform } from './pack/check.mjs';
import { platforms, root } from './pack/platforms.mjs';
import { measure, SIZE_LIMIT } from './pack/size.mjs';
import { stageMain, stagePlatform } from './pack/stage.mjs';
import { checkTypes, lintPackage } from './pack/types.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'build', 'pack') },
    release: { type: 'boolean', default: false },
    'no-size': { type: 'boolean', default: false },
  },
});
const out = resolve(values.out);
const platform = `${process.platform}-${process.arch}`;

/**
 * @param {string} folder
 * @returns {string} the tarball
 */
function npmPack(folder) {
  const args = ['pack', folder, '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', out];
  // npm is a script on Windows, which only a shell can start.
  const shell = process.platform === 'win32';
  const result = spawnSync('npm', args, { cwd: root, shell, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (result.status !== 0) throw new Error(`npm pack ${folder} failed`);
  const [packed] = Object.values(JSON.parse(result.stdout));
  return join(out, packed.filename);
}

/** @param {string} staged */
async function pack(staged) {
  if (!buildTypeScript() || !buildNative({ variant: values.release ? 'portable' : 'release' }))
    throw new Error('it does not compile');
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out)) if (/^llama-rerank-.*\.tgz$/.test(name)) rmSync(join(out, name));
  const [main, native] = [join(staged, 'main'), join(staged, platform)];
  stageMain(main);
  if (!platforms[platform]) throw new Error(`packages/platforms.json has no ${platform}`);
  stagePlatform(native, platform, addonFile(values.release ? 'portable' : 'release'));

  const problems = [...checkMain(main), ...checkPlatform(native, values)];
  for (const folder of [main, native]) problems.push(...(await lintPackage(folder)));
  const tarballs = [npmPack(main), npmPack(native)];
  problems.push(...checkTypes(/** @type {string} */ (tarballs[0])));
  if (!values['no-size']) {
    const { bytes, files } = measure(tarballs);
    console.error(`installed: ${(bytes / 1e6).toFixed(1)} MB, ${files} files`);
    if (bytes > SIZE_LIMIT) problems.push(`installed it takes ${bytes} bytes; at most ${SIZE_LIMIT} are allowed`);
  }
  return { tarballs, problems };
}

const staged = mkdtempSync(join(tmpdir(), 'llama-rerank-pack-'));
try {
  const { tarballs, problems } = await pack(staged);
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) for (const tarball of tarballs) console.log(tarball);
  process.exitCode = problems.length > 0 ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(staged, { recursive: true, force: true });
}
