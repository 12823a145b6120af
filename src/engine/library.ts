import { RerankError } from '../errors.js';
import type { Gpu } from '../types.js';
import { loadAddon, type NativeAddon, type NativeDevice, type NativeLibrary } from './addon.js';
import { adviseOnLoading } from './advice.js';
import { failure } from './failure.js';
import { findLibrary, type LibraryFiles, PACKAGE_VERSION } from './find-library.js';
import { describePlatform, findLibc, PLATFORM } from './platform.js';

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
  const library = openFiles(addon, await findLibrary(gpu));
  return { ...library, addon, devices: addon.devices() };
}

function openFiles(addon: NativeAddon, { folder, llama, ggml, base }: LibraryFiles): NativeLibrary {
  try {
    return addon.openLibrary(folder, llama, ggml, base);
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    if (code !== 'NATIVE_LOAD_FAILED' || /accepted release|has no function/.test(message)) throw failure(cause);
    const libc = findLibc();
    const situation = { overridden: false, published: true, platform: PLATFORM, libc };
    const advice = adviseOnLoading([{ name: folder, reason: message }], situation);
    throw new RerankError(code, `llama.cpp could not be opened on ${describePlatform(libc)}: ${message}. ${advice}`, { cause });
  }
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
