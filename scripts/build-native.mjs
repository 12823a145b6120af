// @ts-check
/**
 * Compiles native/ to build/Release/llama_rerank.node, unless nothing changed. `--asan`: with AddressSanitizer, to build/asan. `--portable`:
 * to be published, to build/portable; on Linux libstdc++ is linked into it, and it runs on the C library of this system or a newer one.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hashOf, stamped, writeStamp } from './stamp.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @typedef {'release' | 'asan' | 'portable'} Variant */

/** @param {Variant} variant */
export const addonFile = (variant) => join(root, 'build', variant === 'release' ? 'Release' : variant, 'llama_rerank.node');

/**
 * @param {{ variant?: Variant, force?: boolean, quiet?: boolean }} [options]
 * @returns {boolean} false when it failed
 */
export function buildNative({ variant = 'release', force = false, quiet = false } = {}) {
  const target = addonFile(variant);
  const stamp = join(root, 'build', variant === 'release' ? 'native.stamp' : `${variant}.stamp`);
  const flags = [process.versions.modules, process.platform, process.arch, variant];
  const hash = hashOf(root, ['native', 'binding.gyp'], flags);
  if (!force && existsSync(target) && stamped(stamp, hash)) {
    if (!quiet) console.error(`${relative(root, target)} is up to date`);
    return true;
  }
  rmSync(stamp, { force: true });
  const folder = variant === 'release' ? root : projectFor(variant);
  if (!nodeGyp(folder, variant)) return false;
  if (variant !== 'release') {
    mkdirSync(dirname(target), { recursive: true });
    // A running process may have the old file mapped: replace the name, not the content.
    rmSync(target, { force: true });
    copyFileSync(join(folder, 'build', 'Release', 'llama_rerank.node'), target);
  }
  writeStamp(stamp, hash);
  console.error(`built ${relative(root, target)}`);
  return true;
}

/**
 * node-gyp always builds into `build` beside binding.gyp, so that another build needs a folder of its own.
 * @param {Variant} variant
 */
function projectFor(variant) {
  const folder = join(root, 'build', `${variant}-project`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(root, 'binding.gyp'), join(folder, 'binding.gyp'));
  const link = join(folder, 'native');
  if (!existsSync(link)) symlinkSync(join(root, 'native'), link, 'junction');
  return folder;
}

/**
 * @param {string} folder
 * @param {Variant} variant
 */
function nodeGyp(folder, variant) {
  const bin = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const args = [bin, 'configure', 'build', '--release', '-j', '2', '--loglevel=warn'];
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) args.push(`--nodedir=${prefix}`);
  if (variant !== 'release') args.push(`--${variant}=1`);
  const result = spawnSync(process.execPath, args, { cwd: folder, stdio: ['ignore', 2, 2] });
  if (result.status === 0) return true;
  console.error(
    [
      '',
      'The native addon did not compile (the reason is above). What is needed:',
      '  - a C++17 compiler: Linux gcc 9 or clang 10 with make (Debian: apt install build-essential), macOS xcode-select --install,',
      '    Windows the Visual Studio Build Tools with "Desktop development with C++"',
      '  - Python 3.8 or newer (python3)',
      '  - the headers of this Node version: beside node, or from the network the first time',
    ].join('\n'),
  );
  return false;
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const known = new Set(['--asan', '--portable', '--force']);
  const unknown = process.argv.slice(2).filter((argument) => !known.has(argument));
  if (unknown.length > 0) {
    console.error(`unknown option ${unknown.join(' ')}; usage: node scripts/build-native.mjs [--asan | --portable] [--force]`);
    process.exit(2);
  }
  const variant = process.argv.includes('--asan') ? 'asan' : process.argv.includes('--portable') ? 'portable' : 'release';
  process.exit(buildNative({ variant, force: process.argv.includes('--force') }) ? 0 : 1);
}
