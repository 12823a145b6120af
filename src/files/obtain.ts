import { join } from 'node:path';
import { RerankError } from '../errors.js';
import type { Progress } from '../types.js';
import { findCached, isWanted, repositoryFolder } from './cache.js';
import { download, type Planned, planDownload, type Wish } from './download.js';
import type { HubSettings } from './hub/settings.js';
import { fetchTensors } from './remote-head.js';

/** A file that is needed. With `tensors`, only these of it. */
export interface Part extends Wish {
  /** See Wanted. */
  readonly anyCommit?: boolean;
  readonly tensors?: readonly string[] | undefined;
}

export interface ObtainOptions {
  readonly download?: 'auto' | 'never' | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called before something is fetched. */
  readonly beforeFetch?: (() => void) | undefined;
}

/**
 * Paths of files: from the cache, without any network, if all are there; else those that are missing are fetched.
 *
 * @param name what the user asked for, for messages
 * @throws RerankError OFFLINE if something is missing and may not be fetched; DOWNLOAD_*, MODEL_UNKNOWN, DISK_FULL, CACHE_UNWRITABLE; the
 *   signal's reason
 */
export async function obtain(
  name: string,
  parts: readonly Part[],
  settings: HubSettings,
  options: ObtainOptions,
): Promise<string[]> {
  const paths = await Promise.all(parts.map((part) => lookFor(part, settings)));
  if (paths.every((path) => path !== undefined)) return paths;
  expectOnline(name, settings, options);
  options.beforeFetch?.();
  const planned: (Planned | undefined)[] = [];
  for (const [index, part] of parts.entries()) {
    const isNeeded = paths[index] === undefined && part.tensors === undefined;
    planned[index] = isNeeded ? await planDownload(part, settings, options.signal) : undefined;
  }
  const total = planned.reduce((sum, plan) => sum + (plan?.facts.size ?? 0), 0);
  let before = 0;
  const result: string[] = [];
  for (const [index, part] of parts.entries()) {
    const plan = planned[index];
    const onBytes = (done: number): void => options.onProgress?.({ stage: 'download', done: before + done, total });
    if (plan !== undefined) result.push(await download(plan, settings, { signal: options.signal, onBytes }));
    else result.push(paths[index] ?? (await fetchPart(part, settings, options.signal)));
    before += plan?.facts.size ?? 0;
  }
  return result;
}

/**
 * @throws RerankError OFFLINE if nothing may be fetched
 */
export function expectOnline(name: string, settings: HubSettings, options: Pick<ObtainOptions, 'download'>): void {
  const why = settings.offline
    ? 'HF_HUB_OFFLINE is set'
    : options.download === 'never'
      ? "downloads are off (download: 'never')"
      : undefined;
  if (why === undefined) return;
  throw new RerankError('OFFLINE', `${name} is not in ${settings.cache}, and ${why}. Fetch it once: llama-rerank pull ${name}`);
}

async function lookFor(part: Part, settings: HubSettings): Promise<string | undefined> {
  if (part.tensors === undefined) return findCached(part, settings);
  const path = partPath(part, settings);
  return (await isWanted(path, {})) ? path : undefined;
}

async function fetchPart(part: Part, settings: HubSettings, signal: AbortSignal | undefined): Promise<string> {
  const path = partPath(part, settings);
  await fetchTensors(part, part.tensors ?? [], path, settings, signal);
  return path;
}

/** Beside the snapshots, so that it goes when the repository is removed from the cache. */
function partPath({ repository, revision, file }: Part, settings: HubSettings): string {
  return join(repositoryFolder(settings.cache, repository), 'heads', ...revision.split('/'), ...file.split('/'));
}
