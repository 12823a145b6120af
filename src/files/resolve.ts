import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RerankError } from '../errors.js';
import type { LoadOptions } from '../types.js';
import { type HubAddress, parseAddress } from './address.js';
import { unpacked } from './asar.js';
import { cachedNames, findCached } from './cache.js';
import { type Catalog, findByRepository, findQuantization, type KnownModel, readCatalog } from './catalog.js';
import { HEAD_NAME } from './head.js';
import { listFiles, pageUrl } from './hub/api.js';
import { isCommit } from './hub/names.js';
import { type Environment, type HubSettings, hubSettings } from './hub/settings.js';
import { licenceNotice, tellOnce } from './notice.js';
import { expectOnline, obtain, type Part } from './obtain.js';
import { pickGguf } from './pick-file.js';

/** The files of a model. */
export interface ModelFiles {
  readonly path: string;
  /** The head file, if it is known to be another than the one beside the model. */
  readonly head: string | undefined;
  /** The model of the catalogue that was named, and its quantization. */
  readonly known?: { readonly model: KnownModel; readonly quantization: string };
}

export interface ResolveOptions extends Pick<LoadOptions, 'head' | 'download' | 'signal' | 'onProgress' | 'onNotice'> {
  /** Another catalogue: a file, or one that was read. */
  readonly catalog?: string | Catalog | undefined;
  readonly env?: Environment | undefined;
}

/**
 * Finds a model's files by its name, and fetches them if they are not on this machine: see parseAddress for names. A file that is
 * there is taken without any network.
 *
 * @throws RerankError INVALID_ARGUMENT, MODEL_UNKNOWN, MODEL_UNSUPPORTED_ARCH (known, but not in this version), OFFLINE,
 *   DOWNLOAD_FAILED, DOWNLOAD_GATED, DOWNLOAD_CORRUPT, DISK_FULL, CACHE_UNWRITABLE; the signal's reason. Whether a path that was given
 *   is a model file is not looked at.
 */
export async function resolveModel(name: string, options: ResolveOptions = {}): Promise<ModelFiles> {
  const catalog = typeof options.catalog === 'object' ? options.catalog : readCatalog(options.catalog);
  const address = parseAddress(name, catalog);
  if (address.kind === 'file') return { path: unpacked(address.path), head: options.head };
  if (address.kind === 'known') return resolveKnown(address.model, address.quantization, catalog, options);
  return resolveHub(name, address, catalog, options);
}

async function resolveKnown(
  model: KnownModel,
  quantization: string | undefined,
  catalog: Catalog,
  options: ResolveOptions,
): Promise<ModelFiles> {
  const chosen = findQuantization(model, quantization);
  if (chosen === undefined) {
    const known = Object.keys(model.files).join(', ');
    throw new RerankError('MODEL_UNKNOWN', `${model.name} has no quantization ${quantization}; known are ${known}`);
  }
  if (!model.supported) {
    throw new RerankError('MODEL_UNSUPPORTED_ARCH', `${model.name} is not in this version, which lacks ${model.missing}`);
  }
  const known = { model, quantization: chosen.key };
  const { repository } = model;
  if (repository === undefined) return { path: join(catalog.folder, chosen.file.file), head: options.head, known };
  const settings = hubSettings(options.env);
  const name = `${model.name}:${chosen.key}`;
  const revision = model.revision ?? 'main';
  const weights: Part = { repository, revision, anyCommit: true, ...chosen.file };
  const beforeFetch = (): void => tellOnce(licenceNotice(model, settings.endpoint), options.onNotice);
  const parts = [weights, ...(await headPart(model, weights, settings, options.head))];
  const [path = '', head] = await obtain(name, parts, settings, { ...options, beforeFetch });
  return { path, head: options.head ?? head, known };
}

/** The head that has to be found besides the model, if any: one that lies beside a model that is there is of the same commit. */
async function headPart(model: KnownModel, weights: Part, settings: HubSettings, named: string | undefined): Promise<Part[]> {
  if (model.head === undefined || named !== undefined) return [];
  const own = { repository: weights.repository, revision: model.head.repository === undefined ? weights.revision : 'main' };
  const part: Part = { ...own, anyCommit: true, ...model.head };
  const found = part.tensors === undefined ? await findCached(weights, settings) : undefined;
  const isBeside = found !== undefined && (await isFile(join(dirname(found), model.head.file)));
  return isBeside ? [] : [part];
}

async function resolveHub(name: string, address: HubAddress, catalog: Catalog, options: ResolveOptions): Promise<ModelFiles> {
  const settings = hubSettings(options.env);
  const { repository, revision, quantization } = address;
  const file = address.file ?? pickGguf(await cachedNames(repository, revision, settings), quantization);
  const found = file === undefined ? undefined : await findCached({ repository, revision, file }, settings);
  if (found !== undefined) return { path: found, head: options.head };

  expectOnline(name, settings, options);
  const listed = await listFiles(repository, revision ?? 'main', settings, options.signal);
  const weights = address.file ?? pickGguf(listed.files, quantization);
  if (weights === undefined || !listed.files.includes(weights)) {
    const there = listed.files.filter((each) => each.endsWith('.gguf')).join(', ') || 'no GGUF file';
    throw new RerankError('MODEL_UNKNOWN', `${name}: there is no such model file in ${repository}, which has ${there}`);
  }
  const beside = join(dirname(weights), HEAD_NAME).replaceAll('\\', '/');
  const names = [weights, ...(options.head === undefined && listed.files.includes(beside) ? [beside] : [])];
  const branch = revision ?? 'main';
  const parts = names.map((each) => ({ repository, revision: listed.commit, branch, file: each }));
  const known = findByRepository(catalog, repository);
  const licence = known
    ? licenceNotice(known, settings.endpoint)
    : `${repository}: its licence is at ${pageUrl(repository, settings).href}`;
  const beforeFetch = (): void => {
    tellOnce(licence, options.onNotice);
    if (revision !== undefined && isCommit(revision)) return;
    tellOnce(`${name} may change; hf:${repository}/${weights}#${listed.commit} stays what it is now`, options.onNotice);
  };
  const [path = ''] = await obtain(name, parts, settings, { ...options, beforeFetch });
  return { path, head: options.head };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
