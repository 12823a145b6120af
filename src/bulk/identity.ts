import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inspectModel, type LoadOptions, RerankError, resolveModel } from '../index.js';
import { canonical } from './jobs.js';

/** Which model with which settings computes scores, wherever it runs. */
export interface Identity {
  /** SHA-256 over all that decides: what two machines compare. */
  readonly digest: string;
  /** For people: the file's name and the beginning of its SHA-256. */
  readonly label: string;
}

/** The model that comes with the package. */
const STARTER = 'all-MiniLM-L6-v2';
/** Settings that move scores, if only in the last digits. Threads do not, and devices differ from machine to machine. */
const DECISIVE = [
  'pooling',
  'queryPrefix',
  'documentPrefix',
  'lexical',
  'contextSize',
  'ubatchSize',
  'flashAttention',
  'kvCacheType',
] as const;

/**
 * Finds a model as `Reranker.load` does, without loading it: name, size and SHA-256 of its file and head, the settings that move scores,
 * and this package's version.
 *
 * @throws RerankError as `resolveModel` and the check of the file: MODEL_*, PROJECTOR_*, OFFLINE, DOWNLOAD_*; the signal's reason
 */
export async function identify(model: string = STARTER, options: LoadOptions = {}): Promise<Identity> {
  const { signal } = options;
  const { path, head } = await resolveModel(model, options);
  const report = await inspectModel(path, { head });
  const [problem] = report.problems;
  if (problem !== undefined) throw new RerankError(problem.code, problem.message);
  const sha256 = await hashOf(path, signal);
  const settings = DECISIVE.map((name) => [name, options[name]]);
  const parts = {
    package: packageVersion(),
    // The catalogue knows models by the names of their files.
    file: basename(path),
    sha256,
    ...(report.head === undefined ? {} : { head: await hashOf(report.head, signal) }),
    settings: canonical(Object.fromEntries(settings)),
  };
  const digest = createHash('sha256').update(canonical(parts)).digest('hex');
  return { digest, label: `${parts.file} (${sha256.slice(0, 12)})` };
}

async function hashOf(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {});
  } catch (cause) {
    signal?.throwIfAborted();
    throw new RerankError('MODEL_UNREADABLE', `${file}: ${(cause as Error).message}`, { cause });
  }
  return hash.digest('hex');
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
