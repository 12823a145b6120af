import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { repositoryFolder } from '../../src/files/cache.js';
import { download, planDownload, type Wish } from '../../src/files/download.js';
import type { HubSettings } from '../../src/files/hub/settings.js';
import { COMMIT, type FakeHub, fakeHub, REPOSITORY, weights } from './fake-hub.js';

export const FILE = 'tiny-Q8_0.gguf';
export const BYTES = weights(300_000);
export const WISH: Wish = { repository: REPOSITORY, revision: COMMIT, file: FILE };

interface Pulled {
  path: string;
  reported: number[];
}

/** Fetches the file, and notes what was reported meanwhile. */
export async function pull(settings: HubSettings, wish: Wish = WISH, signal?: AbortSignal): Promise<Pulled> {
  const reported: number[] = [];
  const planned = await planDownload(wish, settings, signal);
  const path = await download(planned, settings, { signal, onBytes: (done) => reported.push(done) });
  return { path, reported };
}

export function expectBytes(path: string): void {
  expect(readFileSync(path).equals(BYTES)).toBe(true);
}

export const blobsOf = (settings: HubSettings): string => join(repositoryFolder(settings.cache, REPOSITORY), 'blobs');
/** What is left among the blobs. */
export const left = (settings: HubSettings): string[] =>
  existsSync(blobsOf(settings)) ? readdirSync(blobsOf(settings)).sort() : [];
/** A server that has the file. */
export const hub = (): Promise<FakeHub> => fakeHub({ [FILE]: BYTES });
