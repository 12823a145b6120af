import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RerankError } from '../errors.js';

/** One file of a repository, with what its publisher says about it. */
export interface KnownFile {
  readonly file: string;
  readonly size?: number;
  readonly sha256?: string;
}

/** Where a model's head is. With `tensors` it is a part of a larger safetensors file, and only these are fetched. */
export interface KnownHead extends KnownFile {
  /** Default: the model's own. */
  readonly repository?: string;
  readonly revision?: string;
  readonly tensors?: readonly string[];
}

/** Scores that somebody published for one list. */
export interface PublishedRun {
  /** Number format of the weights, as far as the source says. */
  readonly precision: string;
  readonly source: string;
  /** By how much a right score may differ. */
  readonly tolerance: number;
  /** Each document was scored in a prompt of its own. */
  readonly separately?: boolean;
  readonly scores: readonly number[];
}

export interface PublishedExample {
  readonly query: string;
  readonly documents: readonly string[];
  readonly runs: readonly PublishedRun[];
}

/** One model of gguf/catalog.json; gguf/README.md explains the fields. */
export interface KnownModel {
  readonly name: string;
  readonly family: 'listwise' | 'pairwise' | 'similarity';
  readonly score: 'cosine' | 'logit' | 'probability';
  /** The file lies beside the catalogue. */
  readonly bundled?: boolean;
  /** Repository of the original weights. */
  readonly source: string;
  /** Repository of the GGUF files, unless they are bundled, and the commit that was looked at. */
  readonly repository?: string;
  readonly revision?: string;
  /** By quantization. */
  readonly files: Readonly<Record<string, KnownFile>>;
  /** The quantization that is meant when none is named. */
  readonly quantization: string;
  readonly head?: KnownHead;
  /** Similarity: what stands before a query and a document. */
  readonly prefixes?: { readonly query: string; readonly document: string; readonly instruction?: string };
  /** Listwise: most tokens of a query and a document, and documents of a prompt. */
  readonly limits?: { readonly query: number; readonly document: number; readonly block: number };
  readonly licence: { readonly id: string; readonly commercial: boolean };
  readonly languages: 'many' | readonly string[];
  readonly supported: boolean;
  /** What this version lacks to score it. */
  readonly missing?: string;
  readonly checked: 'checked here' | 'checked by published scores' | 'not yet';
  readonly examples: readonly PublishedExample[];
}

/** The models that have a name, and the folder in which bundled files lie. */
export interface Catalog {
  readonly folder: string;
  readonly models: readonly KnownModel[];
}

const OWN = fileURLToPath(new URL('../../gguf/catalog.json', import.meta.url));
let own: Catalog | undefined;

/**
 * Reads a catalogue; without `path`, the one of this package.
 *
 * @throws RerankError INVALID_ARGUMENT if it cannot be read, or is none
 */
export function readCatalog(path?: string): Catalog {
  if (path === undefined) {
    own ??= parse(OWN);
    return own;
  }
  return parse(resolve(path));
}

/** The model of that name; case does not matter. */
export function findKnown(catalog: Catalog, name: string): KnownModel | undefined {
  return catalog.models.find((model) => model.name.toLowerCase() === name.toLowerCase());
}

/** The model whose GGUF files lie in that repository. */
export function findByRepository(catalog: Catalog, repository: string): KnownModel | undefined {
  return catalog.models.find((model) => model.repository?.toLowerCase() === repository.toLowerCase());
}

/** The model that has a file of that name. */
export function findByFile(catalog: Catalog, path: string): KnownModel | undefined {
  const name = basename(path).toLowerCase();
  return catalog.models.find(({ files }) => Object.values(files).some(({ file }) => basename(file).toLowerCase() === name));
}

/** The file of a quantization, or of the model's default one; the key has the catalogue's spelling. */
export function findQuantization(model: KnownModel, wanted = model.quantization): { key: string; file: KnownFile } | undefined {
  const key = Object.keys(model.files).find((name) => name.toLowerCase() === wanted.toLowerCase());
  const file = key === undefined ? undefined : model.files[key];
  return key === undefined || file === undefined ? undefined : { key, file };
}

function parse(path: string): Catalog {
  try {
    const { models } = JSON.parse(readFileSync(path, 'utf8')) as { models: KnownModel[] };
    for (const model of models) {
      const usable = model.name && model.files && model.quantization && model.licence && Array.isArray(model.examples);
      if (!usable) throw new Error(`the model ${model.name ?? 'without a name'} lacks files, quantization, licence or examples`);
    }
    return { folder: dirname(path), models };
  } catch (cause) {
    throw new RerankError('INVALID_ARGUMENT', `${path} is no catalogue of models: ${(cause as Error).message}`, { cause });
  }
}
