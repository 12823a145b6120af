import { realpath, stat } from 'node:fs/promises';
import type { NativeModel, NativeModelInfo, NativeModelOptions } from './addon.js';
import { callSafely, failure } from './failure.js';
import type { OpenLibrary } from './library.js';

/** A loaded file. Loads of the same file with the same options share one. */
export interface Weights {
  readonly model: NativeModel;
  readonly info: NativeModelInfo;
  /** Idempotent; the last one frees the memory. */
  release(): Promise<void>;
}

interface Shared {
  model: NativeModel;
  loading: Promise<NativeModelInfo>;
  listeners: Set<(fraction: number) => void>;
  users: number;
}

const shared = new Map<string, Shared>();

/**
 * Loads a model file, or joins a load of it that is running or done. Aborting one of several loads leaves the others alone.
 *
 * @throws RerankError MODEL_LOAD_FAILED, INSUFFICIENT_MEMORY; the signal's reason when it was aborted.
 */
export async function openWeights(
  library: OpenLibrary,
  path: string,
  options: NativeModelOptions,
  onProgress: ((fraction: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<Weights> {
  const file = await stat(path);
  const key = JSON.stringify([await realpath(path), file.ino, file.size, file.mtimeMs, options]);
  signal?.throwIfAborted();
  const entry = shared.get(key) ?? begin(library, key, path, options);
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
    })();
    return released;
  };
  try {
    const info = await Promise.race([entry.loading, ...(signal ? [aborted(signal)] : [])]);
    return { model: entry.model, info, release };
  } catch (error) {
    await release();
    throw failure(error, signal);
  } finally {
    entry.listeners.delete(listener);
  }
}

function begin(library: OpenLibrary, key: string, path: string, options: NativeModelOptions): Shared {
  const listeners = new Set<(fraction: number) => void>();
  const model = new library.addon.Model(path, options, (fraction) => {
    for (const listener of listeners) listener(fraction);
  });
  const entry: Shared = { model, loading: model.load(), listeners, users: 0 };
  entry.loading.catch(() => {
    if (shared.get(key) === entry) shared.delete(key);
  });
  shared.set(key, entry);
  return entry;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
