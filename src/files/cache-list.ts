import { readdir, readlink, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RerankError } from '../errors.js';
import { parseAddress } from './address.js';
import { repositoryFolder } from './cache.js';
import { findByRepository, findQuantization, readCatalog } from './catalog.js';
import { PARTIAL } from './download.js';
import { type Environment, hubSettings } from './hub/settings.js';
import { pickGguf } from './pick-file.js';

/** A model file in the Hub's cache, whoever fetched it. */
export interface CachedModel {
  /** What it can be loaded by: `jina-reranker-v3:Q8_0`, or `hf:user/repo/file.gguf`. */
  readonly name: string;
  readonly repository: string;
  readonly file: string;
  readonly path: string;
  readonly bytes: number;
  /** Whether it is a download of this package that has not ended. */
  readonly partial: boolean;
}

/** The folder in which models are kept. */
export function cacheFolder(env?: Environment): string {
  return hubSettings(env).cache;
}

/** The GGUF files in the Hub's cache, and the downloads that have not ended. */
export async function listCache(env?: Environment): Promise<CachedModel[]> {
  const { cache } = hubSettings(env);
  const models: CachedModel[] = [];
  for (const folder of await namesIn(cache)) {
    const [, user, name] = /^models--(.+?)--(.+)$/.exec(folder) ?? [];
    if (user === undefined) continue;
    models.push(...(await modelsOf(join(cache, folder), `${user}/${name}`)));
  }
  return models.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Removes a model's file from the cache, for all tools that share it; its blob too if no other snapshot needs it, and the
 * repository if no model is left in it. Without a quantization in the name, all of the repository's models are meant.
 *
 * @returns what was removed
 * @throws RerankError MODEL_UNKNOWN if there is no such model in the cache; INVALID_ARGUMENT for the path of a file
 */
export async function removeCached(name: string, env?: Environment): Promise<CachedModel[]> {
  const { cache } = hubSettings(env);
  const { repository, file } = namedBy(name);
  const there = (await listCache(env)).filter((model) => model.repository.toLowerCase() === repository.toLowerCase());
  const chosen = there.filter((model) => model.partial || file === undefined || file(there, model));
  const models = chosen.filter((model) => !model.partial);
  if (chosen.length === 0 || (models.length === 0 && file !== undefined)) {
    throw new RerankError('MODEL_UNKNOWN', `${name} is not in ${cache}`);
  }
  for (const { path } of chosen) await removeFile(path);
  const rest = there.filter((model) => !chosen.includes(model));
  if (rest.length === 0) await rm(repositoryFolder(cache, chosen[0]?.repository ?? repository), { recursive: true, force: true });
  return chosen;
}

type Chosen = (all: readonly CachedModel[], model: CachedModel) => boolean;

function namedBy(name: string): { repository: string; file: Chosen | undefined } {
  const address = parseAddress(name, readCatalog(), () => 'nothing');
  if (address.kind === 'file') {
    throw new RerankError('INVALID_ARGUMENT', `${name} is a path: delete the file itself. In the cache, models have names`);
  }
  if (address.kind === 'hub') {
    const { repository, file, quantization } = address;
    if (file !== undefined) return { repository, file: (_, model) => model.file === file };
    const picked: Chosen = (all, model) =>
      model.file ===
      pickGguf(
        all.map((each) => each.file),
        quantization,
      );
    return { repository, file: quantization === undefined ? undefined : picked };
  }
  const { model, quantization } = address;
  if (model.repository === undefined) {
    throw new RerankError('INVALID_ARGUMENT', `${model.name} comes with this package and is not in the cache`);
  }
  const wanted = quantization === undefined ? undefined : findQuantization(model, quantization)?.file.file;
  const chosen: Chosen = (_, each) => each.file === wanted;
  return { repository: model.repository, file: quantization === undefined ? undefined : chosen };
}

async function modelsOf(folder: string, repository: string): Promise<CachedModel[]> {
  const found: CachedModel[] = [];
  for (const commit of await namesIn(join(folder, 'snapshots'))) {
    const names = await readdir(join(folder, 'snapshots', commit), { recursive: true, encoding: 'utf8' }).catch(() => []);
    for (const file of names.map((name) => name.replaceAll('\\', '/')).filter((name) => /\.gguf$/i.test(name))) {
      const path = join(folder, 'snapshots', commit, file);
      const size = await sizeOf(path);
      if (size !== undefined) found.push({ name: nameOf(repository, file), repository, file, path, bytes: size, partial: false });
    }
  }
  for (const file of (await namesIn(join(folder, 'blobs'))).filter((name) => name.endsWith(PARTIAL))) {
    const path = join(folder, 'blobs', file);
    const bytes = (await sizeOf(path)) ?? 0;
    found.push({ name: `hf:${repository}`, repository, file: '', path, bytes, partial: true });
  }
  return found;
}

function nameOf(repository: string, file: string): string {
  const known = findByRepository(readCatalog(), repository);
  const [quantization] = Object.entries(known?.files ?? {}).find(([, each]) => each.file === file) ?? [];
  return known && quantization ? `${known.name}:${quantization}` : `hf:${repository}/${file}`;
}

async function removeFile(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined);
  await rm(path, { force: true });
  await rm(`${path}.etag`, { force: true });
  // A folder that is not empty stays.
  await rmdir(dirname(path)).catch(() => {});
  if (target === undefined) return;
  const blob = join(dirname(path), target);
  const repository = dirname(dirname(blob));
  if (basename(dirname(blob)) !== 'blobs' || (await isLinked(join(repository, 'snapshots'), basename(blob)))) return;
  await rm(blob, { force: true });
}

async function isLinked(snapshots: string, blob: string): Promise<boolean> {
  const names = await readdir(snapshots, { recursive: true, encoding: 'utf8' }).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(join(snapshots, name)).catch(() => '')));
  return targets.some((target) => basename(target) === blob);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}
