import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RerankError } from '../errors.js';
import { unpacked } from '../files/asar.js';
import type { Gpu } from '../types.js';
import { platformPackage } from './find-addon.js';
import { describePlatform, findLibc, PLATFORM } from './platform.js';

/** The release of the platform packages that this version is tested with. */
export const PACKAGE_VERSION = '3.21.1';

/** llama.cpp's shared libraries in one folder. */
export interface LibraryFiles {
  readonly folder: string;
  readonly llama: string;
  readonly ggml: string;
  readonly base: string;
}

/** What `scripts/build-llama.mjs` built in a checkout. */
const BUILT = fileURLToPath(new URL('../../build/llama/local', import.meta.url));

/** npm packages that hold llama.cpp for this platform, in the order in which they are tried. */
function packages(gpu: Gpu): string[] {
  const system = { darwin: 'mac', win32: 'win', linux: 'linux' }[process.platform as string];
  const plain = `${system}-${process.arch === 'arm' ? 'armv7l' : process.arch}`;
  if (plain === 'mac-arm64') return ['mac-arm64-metal'];
  const [cuda, vulkan] = [`${plain}-cuda`, `${plain}-vulkan`];
  return { auto: [cuda, vulkan, plain], cuda: [cuda], vulkan: [vulkan], cpu: [plain], metal: [plain] }[gpu];
}

/**
 * Modules from which packages are looked for: the platform's package, whose dependency llama.cpp is; this one; and the program that runs,
 * where CUDA and Vulkan are installed by hand. pnpm shows each package its own dependencies alone. The current folder is not
 * asked: what it holds may be anybody's. So may the first argument of a packaged Electron app, which is a file that was opened with it.
 */
function requirers(): NodeJS.Require[] {
  const program = process.versions.electron ? undefined : process.argv[1];
  return [platformPackage(), fileURLToPath(import.meta.url), program && resolve(program)]
    .filter((file) => typeof file === 'string')
    .map((file) => createRequire(file));
}

/** Folder of the libraries in the first `@node-llama-cpp/<name>` that one of the modules sees. */
function packageFolder(name: string, from: readonly NodeJS.Require[]): string | undefined {
  for (const require of from) {
    try {
      const main = require.resolve(`@node-llama-cpp/${name}`);
      return unpacked(join(dirname(dirname(main)), 'bins', name));
    } catch {
      // Not seen from there.
    }
  }
  return undefined;
}

/**
 * Finds llama.cpp for `gpu`: in the folder that LLAMA_RERANK_LIBRARY_PATH names, and nowhere else then; in build/llama/local; in packages.
 *
 * @throws RerankError NATIVE_LOAD_FAILED or GPU_UNAVAILABLE with what was tried and what to do.
 */
export async function findLibrary(gpu: Gpu, override = process.env.LLAMA_RERANK_LIBRARY_PATH): Promise<LibraryFiles> {
  if (override) {
    const files = await filesIn(resolve(override));
    if (files) return files;
    const advice = 'The folder must hold libllama, libggml and libggml-base';
    throw new RerankError('NATIVE_LOAD_FAILED', missing([`${override} (LLAMA_RERANK_LIBRARY_PATH)`], advice));
  }
  const built = await filesIn(BUILT);
  if (built) return built;
  const tried: string[] = [];
  const from = requirers();
  const names = packages(gpu);
  for (const name of names) {
    const folder = packageFolder(name, from);
    const files = folder && (await filesIn(folder));
    if (files) return files;
    tried.push(folder ? `${folder} (holds no libllama)` : `@node-llama-cpp/${name} (not installed)`);
  }
  const advice =
    findLibc()?.family === 'musl'
      ? 'This system has musl (Alpine), and what is ready built needs glibc: use an image such as node:22-slim, or run scripts/build-llama.mjs in a checkout (docs/install.md)'
      : `Run: npm install @node-llama-cpp/${names.at(-1)}@${PACKAGE_VERSION}`;
  throw new RerankError(gpu === 'cuda' || gpu === 'vulkan' ? 'GPU_UNAVAILABLE' : 'NATIVE_LOAD_FAILED', missing(tried, advice));
}

function missing(tried: string[], advice: string): string {
  return `no llama.cpp for ${PLATFORM} (${describePlatform()}). Tried: ${tried.join('; ')}. ${advice}`;
}

async function filesIn(folder: string): Promise<LibraryFiles | undefined> {
  const names = await readdir(folder).catch(() => []);
  const find = (pattern: RegExp) => names.find((name) => pattern.test(name));
  const ending = String.raw`(\.v?\d+(\.\d+)*)*\.(so|dylib|dll)(\.\d+)*$`;
  const llama = find(new RegExp(`^(lib)?llama(\\.(metal|cuda|vulkan))?${ending}`));
  const ggml = find(new RegExp(`^(lib)?ggml(\\.(metal|cuda|vulkan))?${ending}`));
  const base = find(new RegExp(`^(lib)?ggml-base${ending}`));
  return llama && ggml && base ? { folder, llama, ggml, base } : undefined;
}
