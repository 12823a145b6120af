import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isCommit, isSafePart } from './hub/names.js';
import type { HubSettings } from './hub/settings.js';

/**
 * The cache of the Hugging Face Hub, which `hf`, Python, llama.cpp and this package share:
 *
 *     models--user--name/refs/main                 a commit id
 *     models--user--name/snapshots/<commit>/file   -> ../../blobs/<etag>
 *     models--user--name/blobs/<etag>
 *
 * Where links cannot be made, the snapshot has the file itself.
 * https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */

/** A file that is looked for, with what is known about it. */
export interface Wanted {
  readonly repository: string;
  /** Without it, any commit that has the file will do, the branch main first. */
  readonly revision?: string | undefined;
  readonly file: string;
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  /** The content is known well enough to take it from whatever commit has it. */
  readonly anyCommit?: boolean;
}

export function repositoryFolder(root: string, repository: string): string {
  return join(root, `models--${repository.replace('/', '--')}`);
}

export function snapshotPath(root: string, repository: string, commit: string, file: string): string {
  return join(repositoryFolder(root, repository), 'snapshots', commit, ...file.split('/'));
}

/** The name that llama.cpp gave a file before it used the Hub's cache. */
export function flatName(repository: string, file: string): string {
  return `${repository}_${file}`.replaceAll('/', '_');
}

/**
 * Looks for a file in all caches, without network. A file whose size is wrong, or whose blob has the name of another hash, is
 * not taken.
 */
export async function findCached(wanted: Wanted, settings: HubSettings): Promise<string | undefined> {
  for (const root of [settings.cache, ...settings.llamaCaches]) {
    for (const commit of await commitsOf(root, wanted)) {
      const path = snapshotPath(root, wanted.repository, commit, wanted.file);
      if (await isWanted(path, wanted)) return path;
    }
  }
  if (wanted.revision !== undefined && !wanted.anyCommit) return undefined;
  for (const root of settings.llamaCaches) {
    const path = join(root, flatName(wanted.repository, wanted.file));
    if (await isWanted(path, wanted)) return path;
  }
  return undefined;
}

/** Names of the files of a repository that are in a cache, at a revision or at the commit that would be found. */
export async function cachedNames(repository: string, revision: string | undefined, settings: HubSettings): Promise<string[]> {
  for (const root of [settings.cache, ...settings.llamaCaches]) {
    for (const commit of await commitsOf(root, { repository, revision })) {
      const folder = join(repositoryFolder(root, repository), 'snapshots', commit);
      const names = await list(folder, true);
      if (names.some((name) => name.endsWith('.gguf'))) return names;
    }
  }
  if (revision !== undefined) return [];
  const prefix = flatName(repository, '');
  const names = await Promise.all(settings.llamaCaches.map((root) => list(root, false)));
  return names.flat().flatMap((name) => (name.startsWith(prefix) && name.endsWith('.gguf') ? [name.slice(prefix.length)] : []));
}

/** Commits to look at, best first. */
async function commitsOf(root: string, wanted: Pick<Wanted, 'repository' | 'revision' | 'anyCommit'>): Promise<string[]> {
  const { repository, revision } = wanted;
  const named = revision === undefined || isCommit(revision) ? revision : await readRef(root, repository, revision);
  if (revision !== undefined && !wanted.anyCommit) return named === undefined ? [] : [named];
  const main = await readRef(root, repository, 'main');
  const others = await list(join(repositoryFolder(root, repository), 'snapshots'), false);
  return [...new Set([named, main, ...others.filter(isSafePart)])].filter((commit) => commit !== undefined);
}

/** The commit that a branch or tag had when it was last looked at. */
export async function readRef(root: string, repository: string, name: string): Promise<string | undefined> {
  const path = join(repositoryFolder(root, repository), 'refs', ...name.split('/'));
  const text = (await readFile(path, 'utf8').catch(() => '')).trim();
  return isCommit(text) ? text : undefined;
}

/** Whether a file is there, complete and, as far as its name says, the one that is meant. */
export async function isWanted(path: string, { size, sha256 }: Pick<Wanted, 'size' | 'sha256'>): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size === 0 || (size !== undefined && found.size !== size)) return false;
  if (sha256 === undefined) return true;
  const blob = basename(await realpath(path));
  return !/^[0-9a-f]{64}$/.test(blob) || blob === sha256;
}

async function list(folder: string, recursive: boolean): Promise<string[]> {
  const names = await readdir(folder, { recursive, encoding: 'utf8' }).catch(() => []);
  return names.map((name) => name.replaceAll('\\', '/')).sort();
}
