import { statSync } from 'node:fs';
import { RerankError } from '../errors.js';
import { type Catalog, findByRepository, findKnown, type KnownModel } from './catalog.js';
import { checkFile, checkRepository, checkRevision } from './hub/names.js';

/** What a user means by the name of a model. */
export type Address =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'known'; readonly model: KnownModel; readonly quantization: string | undefined }
  | ({ readonly kind: 'hub' } & HubAddress);

/** Something in a repository of the Hub. Without `file`, the GGUF file of that quantization, or a good one. */
export interface HubAddress {
  readonly repository: string;
  readonly file: string | undefined;
  readonly quantization: string | undefined;
  readonly revision: string | undefined;
}

/** Finds out what a path leads to; the tests have their own. */
export type Look = (path: string) => 'file' | 'folder' | 'nothing';

const lookAtDisk: Look = (path) => {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
};

/**
 * Reads how a model is named:
 *
 * - `jina-reranker-v3`, `jina-reranker-v3:Q4_K_M`: a model of the catalogue
 * - `hf:user/repo`, `hf:user/repo:Q4_K_M`, `hf:user/repo/path/file.gguf`, each with `#revision` if wanted; without `hf:` the first two
 *   are what llama.cpp's `-hf` takes
 * - everything else: the path of a file
 *
 * A file that exists wins over a repository, and a name of the catalogue over a file.
 *
 * @throws RerankError INVALID_ARGUMENT for a repository, file or revision that cannot exist; MODEL_UNKNOWN for a single word that is
 *   neither a known name nor a file
 */
export function parseAddress(text: string, catalog: Catalog, look: Look = lookAtDisk): Address {
  const [, prefixed] = /^(?:hf|huggingface):(.*)$/s.exec(text) ?? [];
  if (prefixed !== undefined) return knownOr(parseHub(prefixed), catalog);

  const [name, quantization] = splitQuantization(text);
  const model = findKnown(catalog, name);
  if (model) return { kind: 'known', model, quantization };
  if (/\.gguf$/i.test(text) || look(text) !== 'nothing') return { kind: 'file', path: text };
  const [, folder] = /^([\w.-]+)\/[\w.-]+(?::[\w.-]+)?$/.exec(text) ?? [];
  if (folder !== undefined && folder !== '.' && folder !== '..' && look(folder) !== 'folder')
    return knownOr(parseHub(text), catalog);
  if (!/^[\w.-]+(:[\w.-]+)?$/.test(text) || /^\.{1,2}$/.test(text)) return { kind: 'file', path: text };
  const names = catalog.models.filter(({ supported }) => supported).map((known) => known.name);
  throw new RerankError(
    'MODEL_UNKNOWN',
    `${text} is neither a file nor a known model. Known are ${names.join(', ')}; others are named by file, or hf:user/repo:quantization`,
  );
}

function parseHub(text: string): HubAddress {
  const [place = '', revision] = splitAt(text, text.indexOf('#'));
  const parts = place.split('/');
  const file = parts.slice(2).join('/');
  const [repository, quantization] = splitQuantization(parts.slice(0, 2).join('/'));
  if (quantization !== undefined && file !== '') checkRepository(`${repository}:${quantization}`);
  return {
    repository: checkRepository(repository),
    file: parts.length > 2 ? checkFile(file) : undefined,
    quantization,
    revision: revision === undefined ? undefined : checkRevision(revision),
  };
}

/** The catalogue knows more about its repositories: commit, sizes, head. A revision that is named says not to want that. */
function knownOr(address: HubAddress, catalog: Catalog): Address {
  const model = address.revision === undefined ? findByRepository(catalog, address.repository) : undefined;
  if (model === undefined) return { kind: 'hub', ...address };
  if (address.file === undefined) return { kind: 'known', model, quantization: address.quantization };
  const [quantization] = Object.entries(model.files).find(([, { file }]) => file === address.file) ?? [];
  return quantization === undefined ? { kind: 'hub', ...address } : { kind: 'known', model, quantization };
}

function splitQuantization(text: string): [name: string, quantization: string | undefined] {
  const [name = '', quantization] = splitAt(text, text.lastIndexOf(':'));
  return [name, quantization];
}

function splitAt(text: string, at: number): [before: string, after: string | undefined] {
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
