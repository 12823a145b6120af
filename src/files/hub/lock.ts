import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Transient } from './failure.js';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called again and again while another process has the lock. */
  readonly onWait?: (() => void) | undefined;
  /** Milliseconds without a sign of life after which a lock counts as left behind. */
  readonly stale?: number;
}

const STALE = 15_000;
const POLL = 100;

/**
 * Runs `work` while this process, and this call of it, holds the lock file. A lock whose process has died is taken over: at once if
 * it was of this machine, after `stale` milliseconds otherwise.
 *
 * @param work gets a function that throws Transient if the lock was lost, as after the machine slept
 * @throws what `work` throws; the signal's reason; what opening the file throws but for EEXIST
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: (expectHeld: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const stale = options.stale ?? STALE;
  const token = randomUUID();
  while (!(await take(path, token))) {
    if (await isAbandoned(path, stale)) continue;
    options.signal?.throwIfAborted();
    options.onWait?.();
    await pause(POLL, undefined, options.signal && { signal: options.signal }).catch(() => options.signal?.throwIfAborted());
  }
  const isHeld = async (): Promise<boolean> => (await read(path))?.token === token;
  const beat = setInterval(() => {
    const now = new Date();
    isHeld()
      .then((held) => (held ? utimes(path, now, now) : undefined))
      .catch(() => {});
  }, stale / 5).unref();
  try {
    return await work(async () => {
      if (!(await isHeld())) throw new Transient('another process has taken the download over');
    });
  } finally {
    clearInterval(beat);
    if (await isHeld()) await rm(path, { force: true });
  }
}

async function take(path: string, token: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify({ process: process.pid, host: hostname(), token }));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

interface Owner {
  process: number;
  host: string;
  token: string;
}

async function read(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** Takes a lock that was left behind out of the way; of several processes that try, each removes only what it looked at. */
async function isAbandoned(path: string, stale: number): Promise<boolean> {
  const owner = await read(path);
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => undefined,
  );
  if (age === undefined) return true;
  const isDead = owner?.host === hostname() && !isAlive(owner.process);
  if (!isDead && age <= stale) return false;
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return true;
  }
  const taken = await read(aside);
  // Another process was quicker, and this is its new lock.
  if (taken?.token !== owner?.token) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
  return true;
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
