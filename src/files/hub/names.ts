import { RerankError } from '../../errors.js';

/** Names that Windows keeps for devices, whatever extension follows. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"|?*\\]/;
const LONGEST = 255;

/**
 * Whether text can be one part of a path on every system: it then leads nowhere but into its folder.
 */
export function isSafePart(part: string): boolean {
  return (
    part !== '' &&
    part.length <= LONGEST &&
    !/^\.{1,2}$/.test(part) &&
    !/[. ]$/.test(part) &&
    !FORBIDDEN.test(part) &&
    !DEVICE.test(part)
  );
}

/** Whether text is a path below a folder, written with slashes. */
export function isSafePath(path: string): boolean {
  return path.split('/').every(isSafePart);
}

/** Whether text is a full commit id. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * Checks a repository's name, `user/name`.
 *
 * @throws RerankError INVALID_ARGUMENT
 */
export function checkRepository(repository: string): string {
  const parts = repository.split('/');
  if (parts.length !== 2 || !parts.every((part) => /^[\w.-]+$/.test(part) && isSafePart(part)) || repository.includes('--')) {
    throw refused('a repository is written user/name, in letters, digits and . - _', repository);
  }
  return repository;
}

/**
 * Checks the path of a file within a repository.
 *
 * @throws RerankError INVALID_ARGUMENT
 */
export function checkFile(file: string): string {
  if (!isSafePath(file)) throw refused('a file in a repository has a path without .., drive letters or names of devices', file);
  return file;
}

/**
 * Checks the name of a branch, a tag, or a commit id.
 *
 * @throws RerankError INVALID_ARGUMENT
 */
export function checkRevision(revision: string): string {
  if (!isSafePath(revision)) throw refused('a revision is a branch, a tag or a commit id', revision);
  return revision;
}

function refused(expected: string, got: string): RerankError {
  return new RerankError('INVALID_ARGUMENT', `${expected}; got ${JSON.stringify(got.slice(0, 100))}`);
}
