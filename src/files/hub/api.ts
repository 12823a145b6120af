import { RerankError } from '../../errors.js';
import { statusFailure } from './failure.js';
import { isCommit, isSafePath } from './names.js';
import { type Answer, type Request, request } from './request.js';
import { withRetries } from './retries.js';
import type { HubSettings } from './settings.js';

/** A file of a repository, at a branch, tag or commit. */
export interface RemoteFile {
  readonly repository: string;
  readonly revision: string;
  readonly file: string;
}

/** What the Hub says of a file before it is fetched. */
export interface FileFacts {
  readonly commit: string;
  /** Name of the blob: the sha256 of files in LFS, git's hash of others. */
  readonly etag: string;
  readonly size: number;
}

/** The address at which a file's bytes are. */
export function fileUrl(remote: RemoteFile, settings: HubSettings): URL {
  return new URL(`${remote.repository}/resolve/${encodeURIComponent(remote.revision)}/${encode(remote.file)}`, settings.endpoint);
}

/** The address at which a person sees a repository. */
export function pageUrl(repository: string, settings: HubSettings): URL {
  return new URL(repository, settings.endpoint);
}

/**
 * Asks for a file's commit, size and hash.
 *
 * @throws RerankError MODEL_UNKNOWN, DOWNLOAD_GATED, DOWNLOAD_FAILED; the signal's reason
 */
export async function askFacts(remote: RemoteFile, settings: HubSettings, signal?: AbortSignal): Promise<FileFacts> {
  const what = `${remote.repository}/${remote.file}`;
  const { headers } = await ask(fileUrl(remote, settings), what, remote.repository, settings, {
    method: 'HEAD',
    signal,
    // For files in LFS all is said where it redirects to the storage, and the storage knows nothing of it.
    stopAt: (answered) => answered.has('x-linked-etag'),
  });
  const linked = headers.get('x-linked-etag');
  const etag = (linked ?? headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
  const size = Number(
    (linked === null ? undefined : headers.get('x-linked-size')) ?? headers.get('content-length') ?? Number.NaN,
  );
  const commit = headers.get('x-repo-commit') ?? (isCommit(remote.revision) ? remote.revision : '');
  if (!/^[\w-]{1,128}$/.test(etag) || !Number.isSafeInteger(size) || !isCommit(commit)) {
    const lacks = `lacks a usable ${!isCommit(commit) ? 'commit' : etag === '' ? 'ETag' : 'ETag or size'}`;
    throw new RerankError(
      'DOWNLOAD_FAILED',
      `${what}: the answer of ${settings.endpoint.host} ${lacks}: is it a Hugging Face Hub?`,
    );
  }
  return { commit, etag, size };
}

/**
 * Asks which files a repository has.
 *
 * @throws as askFacts
 */
export async function listFiles(
  repository: string,
  revision: string,
  settings: HubSettings,
  signal?: AbortSignal,
): Promise<{ commit: string; files: string[] }> {
  const url = new URL(`api/models/${repository}/revision/${encodeURIComponent(revision)}`, settings.endpoint);
  const { text } = await ask(url, repository, repository, settings, { signal });
  try {
    const { sha, siblings } = JSON.parse(text) as { sha: string; siblings: { rfilename: string }[] };
    if (!isCommit(sha)) throw new Error('it names no commit');
    return { commit: sha, files: siblings.map(({ rfilename }) => rfilename).filter(isSafePath) };
  } catch (cause) {
    throw new RerankError('DOWNLOAD_FAILED', `${repository}: ${url.host} gave no list of files: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Bytes that a list of files may have. */
const MOST_TEXT = 32 << 20;

async function ask(
  url: URL,
  what: string,
  repository: string,
  settings: HubSettings,
  wanted: Request,
): Promise<{ headers: Headers; text: string }> {
  return withRetries(settings.retry, wanted.signal, async () => {
    const answer = await request(url, settings, wanted);
    try {
      expectSuccess(answer, what, repository, settings, wanted.stopAt);
      return { headers: answer.headers, text: wanted.method === 'HEAD' ? '' : await textOf(answer) };
    } finally {
      answer.drop();
    }
  });
}

/**
 * @throws Transient or RerankError for an answer that is no success
 */
export function expectSuccess(
  answer: Answer,
  what: string,
  repository: string,
  settings: HubSettings,
  alsoGood?: (headers: Headers) => boolean,
): void {
  if ((answer.status >= 200 && answer.status < 300) || (answer.status < 400 && alsoGood?.(answer.headers))) return;
  throw statusFailure(answer.status, answer.headers, what, pageUrl(repository, settings).href, answer.hasToken);
}

async function textOf(answer: Answer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.chunks()) {
    length += chunk.length;
    if (length > MOST_TEXT) throw new RerankError('DOWNLOAD_FAILED', 'the list of files is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function encode(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
