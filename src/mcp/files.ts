import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { RerankError } from '../index.js';

/** What one text of a ranking may have. */
const MOST_BYTES = 1 << 20;

/**
 * The text of a file below one of the folders, links followed. A path that leads elsewhere gets the same answer as one that leads nowhere.
 *
 * @param roots real paths of folders; relative paths start at the first in which they exist
 * @throws RerankError INVALID_ARGUMENT, TEXT_TOO_LARGE
 */
export async function readFileBelow(roots: string[], path: string, name: string): Promise<string> {
  const real = await findBelow(roots, path);
  if (real === undefined)
    throw new RerankError('INVALID_ARGUMENT', `${name}: expected a file below ${roots.join(' or ')}, found none at ${path}`);
  let file: FileHandle | undefined;
  try {
    // Whoever puts a link or a pipe there meanwhile gets an error: neither is followed or waited for.
    file = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const about = await file.stat();
    if (!about.isFile()) throw new RerankError('INVALID_ARGUMENT', `${name}: expected a file, got a folder or device: ${path}`);
    if (about.size > MOST_BYTES)
      throw new RerankError('TEXT_TOO_LARGE', `${name}: expected at most ${MOST_BYTES} bytes, got ${about.size}: ${path}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } catch (cause) {
    if (cause instanceof RerankError) throw cause;
    const problem = cause instanceof TypeError ? 'it is not UTF-8 text' : (cause as Error).message;
    throw new RerankError('INVALID_ARGUMENT', `${name}: ${path} cannot be read: ${problem}`, { cause });
  } finally {
    await file?.close();
  }
}

async function findBelow(roots: string[], path: string): Promise<string | undefined> {
  for (const root of roots) {
    const real = await realpath(resolve(root, path)).catch(() => undefined);
    if (real !== undefined && roots.some((each) => isBelow(each, real))) return real;
  }
  return undefined;
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
