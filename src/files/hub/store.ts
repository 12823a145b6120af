import { copyFile, link, mkdir, open, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { RerankError } from '../../errors.js';
import { repositoryFolder } from '../cache.js';
import { isCommit } from './names.js';

/** What differs where links cannot be made; the tests have their own. */
export type MakeLink = (target: string, path: string) => Promise<void>;

/**
 * Makes a blob visible as a file of a snapshot: by a link, as all tools do. Where links cannot be made (Windows without the right to,
 * some network drives), a blob that is new is moved there, as Python does, and one that others may use is copied.
 */
export async function linkSnapshot(blob: string, path: string, isNew: boolean, makeLink: MakeLink = symlink): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  try {
    await makeLink(relative(dirname(path), blob), path);
    // Some network drives make links that lead nowhere.
    await stat(path);
  } catch {
    await rm(path, { force: true });
    if (isNew) await rename(blob, path);
    else await link(blob, path).catch(() => copyFile(blob, path));
  }
}

/**
 * Notes which commit a branch has. For a file of a pinned commit it notes it as main if no main is noted yet: llama.cpp finds only what
 * a branch leads to.
 */
export async function noteRevision(root: string, repository: string, revision: string, commit: string): Promise<void> {
  const pinned = isCommit(revision);
  const path = join(repositoryFolder(root, repository), 'refs', ...(pinned ? ['main'] : revision.split('/')));
  const noted = await readFile(path, 'utf8').catch(() => undefined);
  if (noted === commit || (pinned && noted !== undefined)) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, commit);
}

/** Writes a file's content to the disk itself, and then its name: after a power cut there is the whole file or none. */
export async function settle(partial: string, path: string): Promise<void> {
  await flush(partial, 'r+');
  await rename(partial, path);
  // Windows has no folders to flush.
  await flush(dirname(path), 'r').catch(() => {});
}

async function flush(path: string, flags: string): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * What a failure of the disk means for users; other errors come back as they are.
 *
 * @returns RerankError DISK_FULL, CACHE_UNWRITABLE
 */
export function diskFailure(error: unknown, folder: string): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new RerankError(
      'DISK_FULL',
      `${folder}: no space is left. What came is kept; make room, or set HF_HOME to another drive`,
      {
        cause: error,
      },
    );
  }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT'].includes(code)) {
    return new RerankError(
      'CACHE_UNWRITABLE',
      `${folder}: cannot write (${message}). HF_HOME or HF_HUB_CACHE names another folder`,
      {
        cause: error,
      },
    );
  }
  return error;
}
