import type { ModelFile } from '../files/model-file.js';
import type { NativeModel, NativeModelInfo, NativeModelOptions } from './addon.js';
import { callSafely, failure } from './failure.js';
import type { OpenLibrary } from './library.js';

/** A loaded file. Loads of the same file with the same options share one. */
export interface Weights {
  readonly model: NativeModel;
  readonly info: NativeModelInfo;
  /**
   * Only a file that is mapped is still read from.
   *
   * @throws RerankError MODEL_CHANGED
   */
  expectUnchanged(): Promise<void>;
  /** Idempotent; the last one frees the memory. */
  release(): Promise<void>;
}

interface Shared {
  model: NativeModel;
  /** Where the file is mapped: open as long as it is. */
  mapped: ModelFile | undefined;
  loading: Promise<NativeModelInfo>;
  listeners: Set<(fraction: number) => void>;
  users: number;
}

const shared = new Map<string, Shared>();

/**
 * Loads a model file, or joins a load of it that is running or done. Aborting one of several loads leaves the others alone.
 *
 * @param file what is open is what is loaded; closed when it is not needed any longer
 * @throws RerankError MODEL_LOAD_FAILED, MODEL_CHANGED, INSUFFICIENT_MEMORY; the signal's reason when it was aborted.
 */
export async function openWeights(
  library: OpenLibrary,
  file: ModelFile,
  options: NativeModelOptions,
  onProgress: ((fraction: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<Weights> {
  const key = JSON.stringify([file.key, options.gpuLayers, options.useGpu, options.mmap]);
  const known = shared.get(key);
  const entry = known ?? begin(library, key, file, options);
  entry.users++;
  const listener = (fraction: number) => callSafely(onProgress, fraction);
  entry.listeners.add(listener);

  let released: Promise<void> | undefined;
  const release = () => {
    released ??= (async () => {
      entry.listeners.delete(listener);
      if (--entry.users > 0) return;
      if (shared.get(key) === entry) shared.delete(key);
      entry.model.abort();
      await entry.loading.catch(() => {});
      await entry.model.close();
      await entry.mapped?.close();
    })();
    return released;
  };
  try {
    if (known) await file.close();
    signal?.throwIfAborted();
    const info = await Promise.race([entry.loading, ...(signal ? [aborted(signal)] : [])]);
    return { model: entry.model, info, release, expectUnchanged: async () => entry.mapped?.expectUnchanged() };
  } catch (error) {
    await release();
    throw failure(error, signal);
  } finally {
    entry.listeners.delete(listener);
  }
}

function begin(library: OpenLibrary, key: string, file: ModelFile, options: NativeModelOptions): Shared {
  const listeners = new Set<(fraction: number) => void>();
  const { descriptor, identity } = file;
  const model = new library.addon.Model(file.path, { ...options, descriptor, identity }, (fraction) => {
    for (const listener of listeners) listener(fraction);
  });
  const entry: Shared = {
    model,
    mapped: options.mmap ? file : undefined,
    loading: load(model, file, options),
    listeners,
    users: 0,
  };
  entry.loading.catch(() => {
    if (shared.get(key) === entry) shared.delete(key);
  });
  shared.set(key, entry);
  return entry;
}

async function load(model: NativeModel, file: ModelFile, { mmap }: NativeModelOptions): Promise<NativeModelInfo> {
  let loaded = false;
  try {
    const info = await model.load();
    await file.expectUnchanged();
    loaded = true;
    return info;
  } finally {
    if (!mmap || !loaded) await file.close();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
