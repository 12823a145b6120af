import { lstatSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { cachedNames, findCached, repositoryFolder, type Wanted } from '../../src/files/cache.js';
import { download, planDownload } from '../../src/files/download.js';
import type { HubSettings } from '../../src/files/hub/settings.js';
import { diskFailure, linkSnapshot, noteRevision } from '../../src/files/hub/store.js';
import { COMMIT, fakeHub, REPOSITORY, sha256, temporary, weights } from '../helpers/fake-hub.js';

const statfs = vi.hoisted(() => ({ free: undefined as number | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    statfs: async (path: string) => (statfs.free === undefined ? real.statfs(path) : { bavail: statfs.free, bsize: 1 }),
  };
});

const FILE = 'tiny-Q8_0.gguf';
const BYTES = weights(4000);
const OTHER = 'd0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0';
const WANTED: Wanted = { repository: REPOSITORY, file: FILE };

function settings(): HubSettings {
  return { cache: temporary(), llamaCaches: [temporary()] } as unknown as HubSettings;
}

/** What `hf download`, Python and today's llama.cpp leave. */
function lay(root: string, commit: string, { file = FILE, bytes = BYTES, branch = '', linked = true } = {}): string {
  const folder = repositoryFolder(root, REPOSITORY);
  const blob = join(folder, 'blobs', sha256(bytes));
  const path = join(folder, 'snapshots', commit, file);
  mkdirSync(dirname(blob), { recursive: true });
  mkdirSync(dirname(path), { recursive: true });
  if (linked) {
    writeFileSync(blob, bytes);
    symlinkSync(join('../../blobs', sha256(bytes)), path);
  } else writeFileSync(path, bytes);
  if (branch !== '') {
    mkdirSync(dirname(join(folder, 'refs', branch)), { recursive: true });
    writeFileSync(join(folder, 'refs', branch), commit);
  }
  return path;
}

describe('files that other tools fetched', () => {
  test('`hf` and Python: a branch', async () => {
    const at = settings();
    lay(at.cache, OTHER, { branch: 'dev', bytes: weights(4000, 2) });
    const path = lay(at.cache, COMMIT, { branch: 'main' });
    expect(await findCached(WANTED, at)).toBe(path);
    expect(await findCached({ ...WANTED, revision: 'main' }, at)).toBe(path);
    expect(await findCached({ ...WANTED, revision: COMMIT }, at)).toBe(path);
    expect(await findCached({ ...WANTED, revision: 'dev' }, at)).toContain(OTHER);
    expect(await findCached({ ...WANTED, revision: 'v1' }, at)).toBeUndefined();
  });

  test('Python with a commit, which notes no branch', async () => {
    const at = settings();
    const path = lay(at.cache, COMMIT);
    expect(await findCached(WANTED, at)).toBe(path);
    expect(await findCached({ ...WANTED, revision: OTHER }, at)).toBeUndefined();
    expect(await findCached({ ...WANTED, revision: OTHER, anyCommit: true }, at)).toBe(path);
  });

  test('Python on Windows, which has no links', async () => {
    const at = settings();
    const path = lay(at.cache, COMMIT, { linked: false, branch: 'main' });
    expect(await findCached({ ...WANTED, sha256: sha256(BYTES) }, at)).toBe(path);
  });

  test('llama.cpp: the Hub’s layout in LLAMA_CACHE', async () => {
    const at = settings();
    const path = lay(at.llamaCaches[0] ?? '', COMMIT, { branch: 'main' });
    expect(await findCached({ ...WANTED, revision: OTHER, anyCommit: true }, at)).toBe(path);
    expect(await cachedNames(REPOSITORY, undefined, at)).toEqual([FILE]);
  });

  test('older llama.cpp: flat names', async () => {
    const at = settings();
    const path = join(at.llamaCaches[0] ?? '', `someone_tiny-GGUF_sub_${FILE}`);
    writeFileSync(path, BYTES);
    writeFileSync(`${path}.json`, '{}');
    expect(await findCached({ ...WANTED, file: `sub/${FILE}` }, at)).toBe(path);
    expect(await findCached({ ...WANTED, file: `sub/${FILE}`, revision: OTHER }, at)).toBeUndefined();
    expect(await cachedNames(REPOSITORY, undefined, at)).toEqual([`sub_${FILE}`]);
  });

  test('what is not what is meant is not taken', async () => {
    const at = settings();
    const path = lay(at.cache, COMMIT);
    expect(await findCached({ ...WANTED, size: 5 }, at)).toBeUndefined();
    expect(await findCached({ ...WANTED, sha256: 'a'.repeat(64) }, at)).toBeUndefined();
    truncateSync(path, 0);
    expect(await findCached(WANTED, at)).toBeUndefined();
    expect(await findCached({ ...WANTED, file: 'none.gguf' }, at)).toBeUndefined();
    expect(await cachedNames('someone/else', undefined, at)).toEqual([]);
  });
});

describe('what others find of ours', () => {
  test('llama.cpp needs a branch: main is noted for a pinned commit, and never moved by one', async () => {
    const root = temporary();
    const main = join(repositoryFolder(root, REPOSITORY), 'refs/main');
    await noteRevision(root, REPOSITORY, COMMIT, COMMIT);
    expect(readFileSync(main, 'utf8')).toBe(COMMIT);
    await noteRevision(root, REPOSITORY, OTHER, OTHER);
    expect(readFileSync(main, 'utf8')).toBe(COMMIT);
    await noteRevision(root, REPOSITORY, 'main', OTHER);
    expect(readFileSync(main, 'utf8')).toBe(OTHER);
    await noteRevision(root, REPOSITORY, 'refs/pr/1', COMMIT);
    expect(readFileSync(join(repositoryFolder(root, REPOSITORY), 'refs/refs/pr/1'), 'utf8')).toBe(COMMIT);
  });

  test('a file that another commit brought is linked, not fetched', async () => {
    const server = await fakeHub({ [FILE]: BYTES });
    const at = server.settings();
    lay(at.cache, OTHER, { branch: 'main' });
    const path = await download(await planDownload({ ...WANTED, revision: COMMIT }, at), at);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(path).toContain(COMMIT);
    expect(server.bytesSeen()).toEqual([]);
  });

  const noLinks = async (): Promise<void> => {
    throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
  };
  test.each([true, false])('where links cannot be made, with a blob that is new: %s', async (isNew) => {
    const folder = temporary();
    const [blob, path] = [join(folder, 'blob'), join(folder, 'a/b/file')];
    writeFileSync(blob, BYTES);
    await linkSnapshot(blob, path, isNew, noLinks);
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(await findCached(WANTED, settings())).toBeUndefined();
  });

  test('a link that leads nowhere is no link', async () => {
    const folder = temporary();
    const [blob, path] = [join(folder, 'blob'), join(folder, 'a/file')];
    writeFileSync(blob, BYTES);
    await linkSnapshot(blob, path, true, async (_, at) => symlinkSync('/nowhere/at/all', at));
    expect(readFileSync(path).equals(BYTES)).toBe(true);
  });
});

describe('D10: a cache that cannot be written', () => {
  test('is a typed error that names another place', async () => {
    const server = await fakeHub({ [FILE]: BYTES });
    const file = join(temporary(), 'file');
    writeFileSync(file, '');
    const at = server.settings({ cache: join(file, 'hub') });
    const failed = { code: 'CACHE_UNWRITABLE', message: expect.stringMatching(/HF_HOME or HF_HUB_CACHE/) };
    await expect(download(await planDownload({ ...WANTED, revision: COMMIT }, at), at)).rejects.toMatchObject(failed);
    for (const code of ['EACCES', 'EROFS', 'EPERM'])
      expect(diskFailure(Object.assign(new Error(code), { code }), '/x')).toMatchObject({ code: 'CACHE_UNWRITABLE' });
  });

  test('a full disk is known before, and while writing', async () => {
    const server = await fakeHub({ [FILE]: BYTES });
    const at = server.settings();
    statfs.free = 3999;
    const failed = { code: 'DISK_FULL', message: expect.stringMatching(/4000 bytes are needed, and 3999 are free/) };
    await expect(download(await planDownload({ ...WANTED, revision: COMMIT }, at), at)).rejects.toMatchObject(failed);
    expect(server.bytesSeen()).toEqual([]);
    statfs.free = undefined;
    await download(await planDownload({ ...WANTED, revision: COMMIT }, at), at);
    expect(diskFailure(Object.assign(new Error('no space'), { code: 'ENOSPC' }), '/x')).toMatchObject({ code: 'DISK_FULL' });
    const bug = new TypeError('a bug');
    expect(diskFailure(bug, '/x')).toBe(bug);
  });
});
