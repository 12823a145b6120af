import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** The sha256 of a file, in hexadecimal. */
export function sha256Of(path: string, signal?: AbortSignal): Promise<string> {
  return digest('sha256', '', path, signal);
}

/**
 * Whether a file's content has the hash that is its name on the Hub: sha256 for files in LFS, git's own for others. Names that are no
 * hash say nothing.
 */
export async function matchesEtag(path: string, etag: string, signal?: AbortSignal): Promise<boolean> {
  if (/^[0-9a-f]{64}$/.test(etag)) return (await sha256Of(path, signal)) === etag;
  if (!/^[0-9a-f]{40}$/.test(etag)) return true;
  const { size } = await stat(path);
  return (await digest('sha1', `blob ${size}\0`, path, signal)) === etag;
}

async function digest(kind: string, start: string, path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash(kind).update(start);
  const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) });
  try {
    for await (const chunk of stream) hash.update(chunk as Buffer);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  return hash.digest('hex');
}
