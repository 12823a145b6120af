import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { RerankError } from '../errors.js';
import type { Gpu } from '../types.js';
import { loadAddon, type NativeAddon, type NativeDevice, type NativeLibrary } from './addon.js';

/** The release of the platform packages that this version is tested with. */
const PACKAGE_VERSION = '3.21.1';

type GpuBackend = 'metal' | 'cuda' | 'vulkan';

/** llama.cpp's shared libraries in one folder. */
interface LibraryFiles {
  folder: string;
  llama: string;
  ggml: string;
  base: string;
}

/** An opened llama.cpp and its devices. */
export interface OpenLibrary extends NativeLibrary {
  addon: NativeAddon;
  devices: NativeDevice[];
}

let opening: Promise<OpenLibrary> | undefined;

/**
 * Opens llama.cpp, once a process: the first call decides from which package. `LLAMA_RERANK_LIBRARY_PATH` names a folder that is
 * used instead of the installed packages.
 *
 * @throws RerankError NATIVE_LOAD_FAILED with what was tried; LIBRARY_CONFLICT when the process holds another llama.cpp.
 */
export function openLibrary(gpu: Gpu): Promise<OpenLibrary> {
  opening ??= open(gpu).catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function open(gpu: Gpu): Promise<OpenLibrary> {
  const addon = loadAddon();
  const files = await find(gpu);
  const library = addon.openLibrary(files.folder, files.llama, files.ggml, files.base);
  return { ...library, addon, devices: addon.devices() };
}

/** npm packages that hold llama.cpp for this platform, in the order in which they are tried. */
function packages(gpu: Gpu): { name: string; backend: GpuBackend | undefined }[] {
  const system = { darwin: 'mac', win32: 'win', linux: 'linux' }[process.platform as string];
  const platform = `${system}-${process.arch === 'arm' ? 'armv7l' : process.arch}`;
  if (platform === 'mac-arm64') return [{ name: 'mac-arm64-metal', backend: 'metal' }];
  const plain = { name: platform, backend: undefined };
  const cuda = { name: `${platform}-cuda`, backend: 'cuda' as const };
  const vulkan = { name: `${platform}-vulkan`, backend: 'vulkan' as const };
  return { auto: [cuda, vulkan, plain], cuda: [cuda], vulkan: [vulkan], cpu: [plain], metal: [plain] }[gpu];
}

async function find(gpu: Gpu): Promise<LibraryFiles> {
  const override = process.env.LLAMA_RERANK_LIBRARY_PATH;
  const tried: string[] = [];
  if (override) {
    const files = await filesIn(resolve(override));
    if (files) return files;
    tried.push(`${override} (LLAMA_RERANK_LIBRARY_PATH)`);
  } else {
    for (const { name } of packages(gpu)) {
      const id = `@node-llama-cpp/${name}`;
      const folder = await import(id).then(
        (found: { getBinsDir(): { binsDir: string } }) => join(found.getBinsDir().binsDir, name),
        () => undefined,
      );
      const files = folder ? await filesIn(folder) : undefined;
      if (files) return files;
      tried.push(folder ? `${folder} (holds no libllama)` : `${id} (not installed)`);
    }
  }
  const wanted = packages(gpu).at(-1)?.name;
  throw new RerankError(
    gpu === 'cuda' || gpu === 'vulkan' ? 'GPU_UNAVAILABLE' : 'NATIVE_LOAD_FAILED',
    `no llama.cpp for ${process.platform}-${process.arch}. Tried: ${tried.join('; ')}. ` +
      (override
        ? 'The folder must hold libllama, libggml and libggml-base.'
        : `Run: npm install @node-llama-cpp/${wanted}@${PACKAGE_VERSION}`),
  );
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

/**
 * The device that `gpu` asks for, among those of the opened library.
 *
 * @throws RerankError GPU_UNAVAILABLE when a GPU is named that is not there.
 */
export function chooseDevice(gpu: Gpu, devices: readonly NativeDevice[]): NativeDevice | undefined {
  const isGpu = (device: NativeDevice) => device.type === 'gpu' || device.type === 'igpu';
  const cpu = devices.find((device) => device.type === 'cpu');
  if (gpu === 'cpu') return cpu;
  const chosen = devices.find((device) => isGpu(device) && (gpu === 'auto' || device.backend.toLowerCase() === gpu));
  if (chosen || gpu === 'auto') return chosen ?? cpu;
  throw new RerankError(
    'GPU_UNAVAILABLE',
    `no ${gpu} device answers; devices: ${devices.map((device) => `${device.name} (${device.description})`).join(', ')}. ` +
      "Use gpu 'auto' or 'cpu', or check the driver" +
      (gpu === 'metal'
        ? ''
        : ` and the package @node-llama-cpp/*-${gpu}@${PACKAGE_VERSION}; the first load of a process decides which package is used`),
  );
}

/** The llama.cpp in use and its devices, for `llama-rerank devices`. */
export async function listDevices(options: { gpu?: Gpu } = {}): Promise<{ library: NativeLibrary; devices: NativeDevice[] }> {
  const { release, folder, devices } = await openLibrary(options.gpu ?? 'auto');
  return { library: { release, folder }, devices };
}

/** llama.cpp's own log on stderr: 0 nothing (default), 1 errors, 2 warnings, 3 information, 4 everything. */
export function setLogLevel(level: 0 | 1 | 2 | 3 | 4): void {
  loadAddon().setLogLevel(level);
  currentLevel = level;
}

let currentLevel: Parameters<typeof setLogLevel>[0] = 0;

/** For processes that this one starts. */
export const logLevel = () => currentLevel;
