import { mkdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RerankError } from '../errors.js';
import { isWanted, repositoryFolder, snapshotPath } from './cache.js';
import { askFacts, type FileFacts, fileUrl, type RemoteFile } from './hub/api.js';
import { matchesEtag, sha256Of } from './hub/checksum.js';
import { withLock } from './hub/lock.js';
import { fetchPartial, removePartial } from './hub/partial.js';
import type { HubSettings } from './hub/settings.js';
import { diskFailure, linkSnapshot, noteRevision, settle } from './hub/store.js';

/** A file to fetch, with what the catalogue says it must be. */
export interface Wish extends RemoteFile {
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  /** Branch or tag that led to the revision. */
  readonly branch?: string | undefined;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of this file that are there. */
  readonly onBytes?: ((done: number) => void) | undefined;
}

/** A file that can be fetched: its commit, size and hash are known. */
export interface Planned {
  readonly wish: Wish;
  readonly facts: FileFacts;
}

/** Ends in .incomplete, so that whoever clears a cache knows it, and differs from the name that Python writes to. */
export const PARTIAL = '.llama-rerank.incomplete';

/**
 * Asks the Hub about a file, and compares the answer with what is expected.
 *
 * @throws RerankError MODEL_UNKNOWN, DOWNLOAD_GATED, DOWNLOAD_FAILED, DOWNLOAD_CORRUPT (the Hub has another file than the catalogue knows);
 *   the signal's reason
 */
export async function planDownload(wish: Wish, settings: HubSettings, signal?: AbortSignal): Promise<Planned> {
  const facts = await askFacts(wish, settings, signal);
  const isHash = /^[0-9a-f]{64}$/.test(facts.etag);
  if (wish.size !== undefined && wish.size !== facts.size) throw unexpected(wish, `${wish.size} bytes`, `${facts.size}`);
  if (wish.sha256 !== undefined && isHash && wish.sha256 !== facts.etag) throw unexpected(wish, wish.sha256, facts.etag);
  return { wish, facts };
}

/**
 * Fetches a file into the cache, or finds that another process has. Nothing has the file's name before size, hash and beginning are
 * right and it is on the disk.
 *
 * @returns its path in the snapshot of its commit
 * @throws RerankError as planDownload, and DISK_FULL, CACHE_UNWRITABLE; the signal's reason. What came stays for the next try.
 */
export async function download({ wish, facts }: Planned, settings: HubSettings, options: DownloadOptions = {}): Promise<string> {
  const root = settings.cache;
  const blob = join(repositoryFolder(root, wish.repository), 'blobs', facts.etag);
  const path = snapshotPath(root, wish.repository, facts.commit, wish.file);
  const partial = blob + PARTIAL;
  const report = (done: number): void => options.onBytes?.(done);
  const onWait = (): void => {
    stat(partial).then(
      ({ size }) => report(size),
      () => {},
    );
  };
  try {
    await mkdir(dirname(blob), { recursive: true });
    await withLock(`${blob}.llama-rerank.lock`, { signal: options.signal, onWait }, async (expectHeld) => {
      const whole = { size: facts.size };
      if (!(await isWanted(path, whole))) {
        const isNew = !(await isWanted(blob, whole));
        if (isNew) {
          await expectSpace(partial, facts.size, root);
          const body = { url: fileUrl(wish, settings), repository: wish.repository, file: wish.file, size: facts.size };
          const pieces = { signal: options.signal, onBytes: report, expectHeld };
          await fetchPartial(partial, body, settings, pieces).catch(async (error: unknown) => {
            if (error instanceof RerankError && error.code === 'DOWNLOAD_CORRUPT') await removePartial(partial);
            throw error;
          });
          await expectContent(partial, wish, facts, options.signal);
          await settle(partial, blob);
          await removePartial(partial);
        }
        await linkSnapshot(blob, path, isNew);
      }
      report(facts.size);
      await noteRevision(root, wish.repository, wish.branch ?? wish.revision, facts.commit);
    });
  } catch (error) {
    throw diskFailure(error, root);
  }
  return path;
}

async function expectSpace(partial: string, size: number, root: string): Promise<void> {
  const there = await stat(partial).then(
    (found) => found.size,
    () => 0,
  );
  const { bavail, bsize } = await statfs(root);
  if (bavail * bsize >= size - there) return;
  const missing = `${size - there} bytes are needed, and ${bavail * bsize} are free`;
  throw new RerankError('DISK_FULL', `${root}: ${missing}. Make room, or set HF_HOME to another drive`);
}

async function expectContent(partial: string, wish: Wish, facts: FileFacts, signal: AbortSignal | undefined): Promise<void> {
  const isRight =
    wish.sha256 === undefined
      ? await matchesEtag(partial, facts.etag, signal)
      : (await sha256Of(partial, signal)) === wish.sha256;
  if (isRight) return;
  await removePartial(partial);
  throw new RerankError(
    'DOWNLOAD_CORRUPT',
    `${wish.repository}/${wish.file}: the content has not the published hash ${wish.sha256 ?? facts.etag}. It was deleted; fetch it again`,
  );
}

function unexpected(wish: Wish, expected: string, got: string): RerankError {
  return new RerankError(
    'DOWNLOAD_CORRUPT',
    `${wish.repository}/${wish.file}: the catalogue expects ${expected}, the server offers ${got}. Nothing was fetched`,
  );
}
