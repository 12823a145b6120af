// @ts-check
/**
 * Compiles llama.cpp for this machine into build/llama/local, where the loader looks before it looks at packages.
 *
 *   build-llama.mjs [--cuda] [--vulkan] [--debug] [--jobs N] [-DNAME=VALUE ...]
 *
 * The source is the one that the pinned packages were built from. Needs git, CMake 3.14 or newer and a C++17 compiler; Metal is on by
 * itself on macOS. CMake is called directly: cmake-js would fetch headers of Node that llama.cpp has no use for.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'build', 'llama', 'local');
const work = join(root, 'build', 'llama-cmake');
const usage = 'usage: node scripts/build-llama.mjs [--cuda] [--vulkan] [--debug] [--jobs N] [-DNAME=VALUE ...]';

class UsageError extends Error {}

/** Libraries without a version in their names, that find each other in their own folder, and nothing else of llama.cpp. */
const settings = {
  BUILD_SHARED_LIBS: 'ON',
  CMAKE_PLATFORM_NO_VERSIONED_SONAME: 'ON',
  CMAKE_BUILD_WITH_INSTALL_RPATH: 'ON',
  CMAKE_INSTALL_RPATH: process.platform === 'darwin' ? '@loader_path' : '$ORIGIN',
  GGML_NATIVE: 'ON',
  LLAMA_OPENSSL: 'OFF',
  ...Object.fromEntries(['COMMON', 'TESTS', 'TOOLS', 'EXAMPLES', 'SERVER', 'APP'].map((part) => [`LLAMA_BUILD_${part}`, 'OFF'])),
};

/**
 * @param {string} command
 * @param {string[]} args
 * @param {'inherit' | 'pipe'} [stdout]
 */
function run(command, args, stdout = 'inherit') {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', stdout, 'inherit'] });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${[command, ...args].join(' ')} failed`);
  return result.stdout?.trim() ?? '';
}

/**
 * @param {string} command
 * @param {string} hint
 */
function need(command, hint) {
  const result = spawnSync(command, ['--version'], { stdio: 'ignore' });
  if (result.error || result.status !== 0) throw new Error(`${command} is not there or does not run. ${hint}`);
}

/** @param {string[]} argv */
function readArguments(argv) {
  try {
    return parseArgs({
      args: argv,
      options: {
        cuda: { type: 'boolean', default: false },
        vulkan: { type: 'boolean', default: false },
        debug: { type: 'boolean', default: false },
        jobs: { type: 'string', default: String(availableParallelism()) },
        define: { type: 'string', short: 'D', multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string[]} argv */
function buildLlama(argv) {
  const { cuda, vulkan, debug, jobs, define } = readArguments(argv);
  const wrong = define.find((each) => !/^\w+(:\w+)?=/.test(each));
  if (wrong !== undefined) throw new UsageError(`-D${wrong} is not of the form -DNAME=VALUE`);
  if (!/^[1-9]\d*$/.test(jobs)) throw new UsageError(`--jobs is ${jobs}; expected a number of at least 1`);
  need('git', 'The source comes as a git bundle.');
  need('cmake', 'Debian: apt install cmake; macOS: brew install cmake; Alpine: apk add cmake; anywhere: pip install cmake');
  if (cuda) need('nvcc', "It comes with NVIDIA's CUDA toolkit; put its folder bin on PATH.");

  const source = run(process.execPath, [join(root, 'scripts', 'fetch-llama.mjs'), pinnedVersion(), '--source'], 'pipe');
  const flags = { ...settings, ...(cuda ? { GGML_CUDA: 'ON' } : {}), ...(vulkan ? { GGML_VULKAN: 'ON' } : {}) };
  const defines = [...Object.entries(flags).map(([name, value]) => `${name}=${value}`), ...define];
  rmSync(work, { recursive: true, force: true });
  const kind = debug ? 'Debug' : 'Release';
  run('cmake', ['-S', source, '-B', work, `-DCMAKE_BUILD_TYPE=${kind}`, ...defines.map((each) => `-D${each}`)]);
  run('cmake', ['--build', work, '--config', kind, '--target', 'llama', '--parallel', jobs]);
  keep();
  console.error(`built ${relative(root, target)}; the loader takes it before any package (LLAMA_RERANK_LIBRARY_PATH goes first)`);
}

/** Only what was built completely gets the name that the loader looks at. */
function keep() {
  const partial = `${target}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const file of readdirSync(work, { recursive: true, encoding: 'utf8' })) {
    const name = basename(file);
    if (/^(lib)?(llama|ggml)[\w.-]*\.(so|dylib|dll)$/.test(name)) copyFileSync(join(work, file), join(partial, name));
  }
  rmSync(target, { recursive: true, force: true });
  renameSync(partial, target);
}

function pinnedVersion() {
  /** @type {{ optionalDependencies: Record<string, string> }} */
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return optionalDependencies['@node-llama-cpp/linux-x64'] ?? '';
}

try {
  buildLlama(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof UsageError) console.error(usage);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
