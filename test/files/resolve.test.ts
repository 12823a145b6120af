import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Catalog, KnownModel } from '../../src/files/catalog.js';
import { pickGguf } from '../../src/files/pick-file.js';
import { type ResolveOptions, resolveModel } from '../../src/files/resolve.js';
import type { Progress } from '../../src/types.js';
import { COMMIT, type FakeHub, fakeHub, REPOSITORY, sha256, temporary, weights } from '../helpers/fake-hub.js';
import { safetensors } from '../helpers/safetensors.js';

const HEAD = safetensors({ 'projector.0.weight': { shape: [2, 2], values: [1, 2, 3, 4] } });
const FILES = { 'tiny-Q8_0.gguf': weights(4000), 'tiny-Q4_K_M.gguf': weights(2000), 'projector.safetensors': HEAD };
const MODEL: KnownModel = {
  name: 'tiny',
  family: 'listwise',
  score: 'cosine',
  source: 'someone/tiny',
  repository: REPOSITORY,
  revision: COMMIT,
  files: {
    Q8_0: { file: 'tiny-Q8_0.gguf', size: 4000, sha256: sha256(FILES['tiny-Q8_0.gguf']) },
    Q4_K_M: { file: 'tiny-Q4_K_M.gguf' },
  },
  quantization: 'Q8_0',
  head: { file: 'projector.safetensors', size: HEAD.length },
  licence: { id: 'CC-BY-NC-4.0', commercial: false },
  languages: 'many',
  supported: true,
  checked: 'not yet',
  examples: [],
};

/** A catalogue of its own, since remarks are made once in a process for each name. */
let models = 0;
function catalogOf(changes: Partial<KnownModel> = {}): Catalog {
  return { folder: '/bundled', models: [{ ...MODEL, name: `tiny-${++models}`, ...changes }] };
}

interface Place {
  hub: FakeHub;
  name: string;
  options: ResolveOptions & { env: Record<string, string> };
  notices: string[];
  progress: Progress[];
  cache: string;
}

async function place(changes: Partial<KnownModel> = {}): Promise<Place> {
  const hub = await fakeHub(FILES);
  const home = temporary();
  const [notices, progress]: [string[], Progress[]] = [[], []];
  const env = { HF_HOME: home, XDG_CACHE_HOME: temporary(), HF_ENDPOINT: hub.endpoint };
  const catalog = catalogOf(changes);
  const onNotice = (notice: string): void => void notices.push(notice);
  const options = { env, catalog, onNotice, onProgress: (state: Progress): void => void progress.push(state) };
  return { hub, name: catalog.models[0]?.name ?? '', options, notices, progress, cache: join(home, 'hub') };
}

describe('a known name', () => {
  test('is fetched with its head on first use, with its licence said once, and then needs no network', async () => {
    const { hub, name, options, notices, progress, cache } = await place();
    const { path, head, known } = await resolveModel(name, options);
    expect(path).toBe(join(cache, 'models--someone--tiny-GGUF/snapshots', COMMIT, 'tiny-Q8_0.gguf'));
    expect(head).toBe(join(dirname(path), 'projector.safetensors'));
    expect(known?.quantization).toBe('Q8_0');
    expect(readFileSync(path).equals(FILES['tiny-Q8_0.gguf'])).toBe(true);
    expect(notices).toEqual([
      expect.stringMatching(/^tiny-\d+: licence CC-BY-NC-4\.0, NOT for commercial use \(http.*someone\/tiny-GGUF\)$/),
    ]);
    expect(progress.at(-1)).toEqual({ stage: 'download', done: 4000 + HEAD.length, total: 4000 + HEAD.length });
    const asked = hub.seen.length;
    expect(await resolveModel(`${name}:q8_0`, options)).toMatchObject({ path });
    await resolveModel(name, { ...options, download: 'never' });
    await resolveModel(name, { ...options, env: { ...options.env, HF_HUB_OFFLINE: '1' } });
    expect(hub.seen).toHaveLength(asked);
    await resolveModel(`${name}:Q4_K_M`, options);
    expect(hub.bytesSeen()).toHaveLength(3);
    expect(notices).toHaveLength(1);
  });

  test('that is not there is OFFLINE without network', async () => {
    const { hub, name, options } = await place();
    for (const more of [{ download: 'never' as const }, { env: { ...options.env, HF_HUB_OFFLINE: '1' } }]) {
      const failed = { code: 'OFFLINE', message: expect.stringMatching(/^tiny-\d+:Q8_0 is not in .*llama-rerank pull tiny/) };
      await expect(resolveModel(name, { ...options, ...more })).rejects.toMatchObject(failed);
    }
    expect(hub.seen).toEqual([]);
  });

  test('without a listener, the licence is a process warning', async () => {
    const { name, options } = await place();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { onNotice: _, ...rest } = options;
    await resolveModel(name, rest);
    expect(warned).toHaveBeenCalledWith(expect.stringMatching(/CC-BY-NC-4\.0/), 'LlamaRerankWarning');
    warned.mockRestore();
  });

  test('what `hf` fetched at another commit is found, with the head beside it', async () => {
    const { hub, name, options, cache } = await place();
    const folder = join(cache, 'models--someone--tiny-GGUF');
    const other = 'd0'.repeat(20);
    mkdirSync(join(folder, 'snapshots', other), { recursive: true });
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    for (const [file, bytes] of Object.entries(FILES)) {
      writeFileSync(join(folder, 'blobs', sha256(bytes)), bytes);
      symlinkSync(join('../../blobs', sha256(bytes)), join(folder, 'snapshots', other, file));
    }
    const { path } = await resolveModel(name, options);
    expect(path).toBe(join(folder, 'snapshots', other, 'tiny-Q8_0.gguf'));
    expect(hub.seen).toEqual([]);
  });

  test('what an older llama.cpp fetched is found, and only the head is fetched', async () => {
    const { hub, name, options } = await place();
    const llama = temporary();
    writeFileSync(join(llama, 'someone_tiny-GGUF_tiny-Q8_0.gguf'), FILES['tiny-Q8_0.gguf']);
    const { path, head } = await resolveModel(name, { ...options, env: { ...options.env, LLAMA_CACHE: llama } });
    expect(path).toBe(join(llama, 'someone_tiny-GGUF_tiny-Q8_0.gguf'));
    expect(head).toMatch(/projector\.safetensors$/);
    expect(hub.bytesSeen()).toHaveLength(1);
  });

  test('a head that is named is not looked for', async () => {
    const { hub, name, options } = await place();
    expect((await resolveModel(name, { ...options, head: '/my/head' })).head).toBe('/my/head');
    expect(hub.bytesSeen()).toHaveLength(1);
  });

  test('a head within a larger file: only its tensors are fetched', async () => {
    const { hub, name, options } = await place({
      head: { repository: 'someone/tiny', file: 'model.safetensors', tensors: ['a'] },
    });
    hub.files.set(
      'model.safetensors',
      safetensors({ b: { shape: [500], values: Array(500).fill(1) }, a: { shape: [1], values: [7] } }),
    );
    const { head } = await resolveModel(name, options);
    expect(readFileSync(head ?? '').length).toBeLessThan(300);
    const asked = hub.seen.length;
    await resolveModel(name, options);
    expect(hub.seen).toHaveLength(asked);
  });

  test('that this version cannot score, or a quantization that is not there', async () => {
    const { hub, name, options } = await place({ supported: false, missing: 'wings' });
    await expect(resolveModel(name, options)).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED_ARCH',
      message: expect.stringMatching(/lacks wings/),
    });
    const unknown = { code: 'MODEL_UNKNOWN', message: expect.stringMatching(/no quantization Q9; known are Q8_0, Q4_K_M/) };
    await expect(resolveModel(`${name}:Q9`, options)).rejects.toMatchObject(unknown);
    expect(hub.seen).toEqual([]);
  });

  test('a bundled model', async () => {
    expect((await resolveModel('all-MiniLM-L6-v2')).path).toMatch(/gguf[/\\]all-MiniLM-L6-v2-Q8_0\.gguf$/);
  });
});

describe('another repository', () => {
  const OTHER = 'hf:other/repo';

  test('D11: a revision that is not pinned is told, with the address that is', async () => {
    const { hub, options, notices, cache } = await place();
    const { path, head } = await resolveModel(`${OTHER}:q8_0`, options);
    expect(path).toBe(join(cache, 'models--other--repo/snapshots', COMMIT, 'tiny-Q8_0.gguf'));
    expect(head).toBeUndefined();
    expect(existsSync(join(dirname(path), 'projector.safetensors'))).toBe(true);
    expect(readFileSync(join(cache, 'models--other--repo/refs/main'), 'utf8')).toBe(COMMIT);
    expect(notices.at(-1)).toBe(`${OTHER}:q8_0 may change; hf:other/repo/tiny-Q8_0.gguf#${COMMIT} stays what it is now`);
    const asked = hub.seen.length;
    await resolveModel(`${OTHER}:Q8_0`, options);
    await resolveModel(`hf:other/repo/tiny-Q8_0.gguf#${COMMIT}`, options);
    await resolveModel('other/repo', options);
    expect(hub.seen).toHaveLength(asked);
  });

  test('a pinned one is not', async () => {
    const { options, notices } = await place();
    await resolveModel(`hf:pinned/repo/tiny-Q8_0.gguf#${COMMIT}`, options);
    expect(notices).toEqual([expect.stringMatching(/^pinned\/repo: its licence is at http/)]);
  });

  test('without a quantization it is llama.cpp’s usual one', async () => {
    const { options } = await place();
    expect((await resolveModel('usual/repo', options)).path).toMatch(/tiny-Q4_K_M\.gguf$/);
  });

  test('a branch is noted under its name', async () => {
    const { options, cache } = await place();
    await resolveModel('hf:branch/repo:Q8_0#dev', options);
    expect(readdirSync(join(cache, 'models--branch--repo/refs'))).toEqual(['dev']);
    await expect(resolveModel('hf:branch/repo:Q8_0#v2', { ...options, download: 'never' })).rejects.toMatchObject({
      code: 'OFFLINE',
    });
  });

  test('a file that is not there names those that are', async () => {
    const { options } = await place();
    const unknown = { code: 'MODEL_UNKNOWN', message: expect.stringMatching(/which has tiny-Q8_0\.gguf, tiny-Q4_K_M\.gguf/) };
    await expect(resolveModel('hf:some/repo:IQ1_S', options)).rejects.toMatchObject(unknown);
    await expect(resolveModel('hf:some/repo/none.gguf', options)).rejects.toMatchObject(unknown);
  });

  test('D09: names that a server gives are not believed', async () => {
    const { hub, options } = await place();
    hub.files = new Map([
      ['../../evil-Q8_0.gguf', weights(100)],
      ['/etc/evil-Q8_0.gguf', weights(100)],
    ]);
    await expect(resolveModel('hf:evil/repo:Q8_0', options)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    hub.onAny = ({ url = '' }, response) =>
      url.startsWith('/api/') ? Boolean(response.end(JSON.stringify({ sha: '../../x', siblings: [] }))) : undefined;
    await expect(resolveModel('hf:evil/repo:Q8_0', options)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  });
});

test.each([
  [['m-Q8_0.gguf', 'm-Q4_K_M.gguf'], undefined, 'm-Q4_K_M.gguf'],
  [['m-Q8_0.gguf', 'a.txt'], undefined, 'm-Q8_0.gguf'],
  [['m.Q4_K_S.gguf', 'm.q4_k_m.gguf'], 'Q4_K_M', 'm.q4_k_m.gguf'],
  [['m-IQ4_XS.gguf', 'm-Q4_XS.gguf'], 'q4_xs', 'm-Q4_XS.gguf'],
  [['Q8_0/m.gguf', 'm-F16.gguf'], 'Q8_0', 'Q8_0/m.gguf'],
  [['m_q8_0.gguf'], 'Q8_0', 'm_q8_0.gguf'],
  [['mmproj-Q8_0.gguf', 'm-Q8_0-00001-of-00002.gguf'], 'Q8_0', undefined],
  [['m-Q8_0.gguf'], 'Q4_0', undefined],
])('of %j, %s is %s', (files, quantization, file) => {
  expect(pickGguf(files, quantization)).toBe(file);
});
