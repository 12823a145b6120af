// @ts-check
/**
 * Another release of llama.cpp, for tests and for new headers. VERSION is one of node-llama-cpp, in which llama.cpp comes.
 *
 *   fetch-llama.mjs VERSION                            prints the folder of its shared libraries for this platform
 *   fetch-llama.mjs VERSION --source                   prints the folder of its source
 *   fetch-llama.mjs VERSION --source --update-headers  and copies its headers to native/llama.cpp/v<release>
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const headers = [
  'include/llama.h',
  ...['ggml', 'ggml-backend', 'ggml-cpu', 'ggml-alloc', 'ggml-opt', 'gguf'].map((name) => `ggml/include/${name}.h`),
];

function platformPackage() {
  /** @type {Partial<Record<NodeJS.Platform, string>>} */
  const systems = { linux: 'linux', darwin: 'mac', win32: 'win' };
  const system = systems[process.platform];
  if (!system) throw new Error(`there are no binaries for ${process.platform}`);
  const arch = process.arch === 'arm' ? 'armv7l' : process.arch;
  return `@node-llama-cpp/${system}-${arch}${system === 'mac' && arch === 'arm64' ? '-metal' : ''}`;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd]
 */
function run(command, args, cwd = root) {
  // npm is a script on Windows, which only a shell can start.
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, { cwd, shell, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return result.stdout.trim();
}

/**
 * Unpacks an npm package, without its dependencies, into `folder`. An interrupted run leaves nothing under that name.
 * @param {string} spec
 * @param {string} folder
 * @param {(path: string) => boolean} [wanted]
 * @param {(unpacked: string) => string} [finish] gives the folder to keep
 */
function unpack(spec, folder, wanted = () => true, finish = (unpacked) => unpacked) {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    run('npm', ['pack', spec, '--loglevel=error', '--pack-destination', partial]);
    const archive = readdirSync(partial).find((name) => name.endsWith('.tgz')) ?? '';
    const tar = createRequire(require.resolve('node-gyp/package.json'))('tar');
    const unpacked = join(partial, 'package');
    mkdirSync(unpacked);
    tar.extract({ file: join(partial, archive), cwd: unpacked, strip: 1, sync: true, filter: wanted });
    renameSync(finish(unpacked), folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** @param {string} version */
function libraries(version) {
  const folder = join(root, 'build', 'llama', version);
  unpack(`${platformPackage()}@${version}`, folder);
  const files = readdirSync(join(folder, 'bins'), { recursive: true, encoding: 'utf8' });
  const library = files.find((file) => /^(lib)?llama\..*(so|dylib|dll)$/.test(basename(file)));
  if (!library) throw new Error(`no llama library in ${folder}`);
  return join(folder, 'bins', dirname(library));
}

/**
 * The source as the npm package's binaries were built from it, its patches included.
 * @param {string} version
 */
function source(version) {
  const folder = join(root, 'build', 'llama-source', version);
  const wanted = /^package\/llama\/(gitRelease\.bundle|llama\.cpp\.info\.json|patches\/.*)$/;
  unpack(
    `node-llama-cpp@${version}`,
    folder,
    (path) => wanted.test(path),
    (unpacked) => {
      const clone = join(unpacked, 'source');
      run('git', ['-c', 'advice.detachedHead=false', 'clone', '--quiet', join(unpacked, 'llama', 'gitRelease.bundle'), clone]);
      const patches = join(unpacked, 'llama', 'patches');
      const names = existsSync(patches) ? readdirSync(patches).sort() : [];
      for (const name of names) run('git', ['apply', join(patches, name)], clone);
      copyFileSync(join(unpacked, 'llama', 'llama.cpp.info.json'), join(clone, 'release.json'));
      return clone;
    },
  );
  return folder;
}

/** @param {string} folder */
function updateHeaders(folder) {
  const { tag } = JSON.parse(readFileSync(join(folder, 'release.json'), 'utf8'));
  if (!/^v\d+(\.\d+)+$/.test(tag)) throw new Error(`${tag} is no release of llama.cpp`);
  const target = join(root, 'native', 'llama.cpp', tag);
  mkdirSync(target, { recursive: true });
  for (const header of headers) copyFileSync(join(folder, header), join(target, basename(header)));
  copyFileSync(join(folder, 'LICENSE'), join(root, 'native', 'llama.cpp', 'LICENSE'));
  console.error(`copied ${headers.length} headers to native/llama.cpp/${tag}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { source: { type: 'boolean', default: false }, 'update-headers': { type: 'boolean', default: false } },
});
const [version = ''] = positionals;
if (positionals.length !== 1 || !/^\d+\.\d+\.\d+$/.test(version) || (values['update-headers'] && !values.source)) {
  console.error('usage: node scripts/fetch-llama.mjs VERSION [--source [--update-headers]]');
  process.exit(2);
}
try {
  const folder = values.source ? source(version) : libraries(version);
  if (values['update-headers']) updateHeaders(folder);
  console.log(folder);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
