import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheFolder, listCache, removeCached } from '../../src/files/cache-list.js';
import { PARTIAL } from '../../src/files/download.js';
import { COMMIT, sha256, temporary, weights } from '../helpers/fake-hub.js';

const OTHER = 'd0'.repeat(20);
const JINA = 'models--jinaai--jina-reranker-v3-GGUF';

function place(): {
  env: { HF_HUB_CACHE: string };
  root: string;
  lay: (folder: string, commit: string, file: string, seed: number) => string;
} {
  const root = temporary();
  const lay = (folder: string, commit: string, file: string, seed: number): string => {
    const bytes = weights(1000 * seed, seed);
    const blob = join(root, folder, 'blobs', sha256(bytes));
    const path = join(root, folder, 'snapshots', commit, file);
    for (const each of [blob, path]) mkdirSync(dirname(each), { recursive: true });
    writeFileSync(blob, bytes);
    symlinkSync(join('../../blobs', sha256(bytes)), path);
    return path;
  };
  return { env: { HF_HUB_CACHE: root }, root, lay };
}

test('lists GGUF files, whoever fetched them, by the name they can be loaded by', async () => {
  const { env, root, lay } = place();
  const known = lay(JINA, COMMIT, 'jina-reranker-v3-Q8_0.gguf', 3);
  lay(JINA, COMMIT, 'projector.safetensors', 1);
  lay('models--someone--some-repo', COMMIT, 'sub.gguf', 2);
  lay('models--someone--other', COMMIT, 'model.safetensors', 2);
  writeFileSync(join(root, JINA, 'blobs', `abc${PARTIAL}`), 'GGUF');
  writeFileSync(join(root, 'version.txt'), '1');
  expect(cacheFolder(env)).toBe(root);
  expect(await listCache(env)).toEqual([
    expect.objectContaining({ name: 'hf:jinaai/jina-reranker-v3-GGUF', partial: true, bytes: 4 }),
    expect.objectContaining({
      name: 'hf:someone/some-repo/sub.gguf',
      repository: 'someone/some-repo',
      bytes: 2000,
      partial: false,
    }),
    expect.objectContaining({ name: 'jina-reranker-v3:Q8_0', path: known, bytes: 3000 }),
  ]);
  expect(await listCache({ HF_HUB_CACHE: join(root, 'none') })).toEqual([]);
});

test('removes one file and its blob, unless another snapshot needs it', async () => {
  const { env, root, lay } = place();
  const one = lay(JINA, COMMIT, 'jina-reranker-v3-Q8_0.gguf', 3);
  const four = lay(JINA, COMMIT, 'jina-reranker-v3-Q4_K_M.gguf', 2);
  lay(JINA, COMMIT, 'projector.safetensors', 1);
  lay('models--someone--repo', COMMIT, 'a.gguf', 4);
  symlinkSync(join('../../blobs', sha256(weights(4000, 4))), join(root, 'models--someone--repo/snapshots', COMMIT, 'b.gguf'));

  expect(await removeCached('jina-reranker-v3:q4_k_m', env)).toEqual([
    expect.objectContaining({ name: 'jina-reranker-v3:Q4_K_M' }),
  ]);
  expect([existsSync(one), existsSync(four)]).toEqual([true, false]);
  expect(readdirSync(join(root, JINA, 'blobs'))).toHaveLength(2);

  await removeCached('hf:someone/repo/a.gguf', env);
  expect(readdirSync(join(root, 'models--someone--repo/blobs'))).toHaveLength(1);
  await removeCached('hf:someone/repo:b', env);
  expect(existsSync(join(root, 'models--someone--repo'))).toBe(false);
});

test('without a quantization all of the repository goes, in every snapshot', async () => {
  const { env, root, lay } = place();
  lay(JINA, COMMIT, 'jina-reranker-v3-Q8_0.gguf', 3);
  lay(JINA, OTHER, 'jina-reranker-v3-Q4_K_M.gguf', 2);
  writeFileSync(join(root, JINA, 'blobs', `abc${PARTIAL}`), 'GGUF');
  expect(await removeCached('jina-reranker-v3', env)).toHaveLength(3);
  expect(readdirSync(root)).toEqual([]);
});

test.each([
  ['jina-reranker-v3', 'MODEL_UNKNOWN'],
  ['jina-reranker-v3:Q8_0', 'MODEL_UNKNOWN'],
  ['hf:someone/else', 'MODEL_UNKNOWN'],
  ['nonsense', 'MODEL_UNKNOWN'],
  ['all-MiniLM-L6-v2', 'INVALID_ARGUMENT'],
  ['./some.gguf', 'INVALID_ARGUMENT'],
  ['hf:a/../../b', 'INVALID_ARGUMENT'],
])('%s cannot be removed', async (name, code) => {
  const { env, root, lay } = place();
  lay('models--someone--repo', COMMIT, 'a.gguf', 1);
  await expect(removeCached(name, env)).rejects.toMatchObject({ code });
  expect(readdirSync(root)).toHaveLength(1);
});
