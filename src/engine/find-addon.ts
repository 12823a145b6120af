import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RerankError } from '../errors.js';
import { adviseOnLoading } from './advice.js';
import { describePlatform, findLibc, PLATFORM } from './platform.js';

const require = createRequire(import.meta.url);

/** Each name in full, so that bundlers and file tracers find what they have to bring along. */
const PACKAGES: Record<string, () => unknown> = {
  'darwin-arm64': () => require('@llama-rerank/darwin-arm64/llama_rerank.node'),
  'darwin-x64': () => require('@llama-rerank/darwin-x64/llama_rerank.node'),
  'linux-arm64': () => require('@llama-rerank/linux-arm64/llama_rerank.node'),
  'linux-x64': () => require('@llama-rerank/linux-x64/llama_rerank.node'),
  'win32-arm64': () => require('@llama-rerank/win32-arm64/llama_rerank.node'),
  'win32-x64': () => require('@llama-rerank/win32-x64/llama_rerank.node'),
};

/** A place where the addon may be. */
export interface Candidate {
  readonly name: string;
  readonly load: () => unknown;
}

/**
 * Where the addon is looked for, in order: what LLAMA_RERANK_ADDON names, and nothing else then; what was compiled in this checkout; the
 * package of this platform.
 */
export function addonCandidates(override = process.env.LLAMA_RERANK_ADDON): Candidate[] {
  const file = (path: string): Candidate => ({ name: path, load: () => require(path) });
  if (override) return [file(resolve(override))];
  const compiled = file(fileURLToPath(new URL('../../build/Release/llama_rerank.node', import.meta.url)));
  const load = PACKAGES[PLATFORM];
  return load ? [compiled, { name: `@llama-rerank/${PLATFORM}`, load }] : [compiled];
}

/**
 * The first candidate that loads.
 *
 * @throws RerankError NATIVE_LOAD_FAILED with the platform, what was tried and why it failed, and what to do.
 */
export function loadFirst(candidates: readonly Candidate[], overridden: boolean): unknown {
  const tried: { name: string; reason: string }[] = [];
  let cause: unknown;
  for (const { name, load } of candidates) {
    try {
      return load();
    } catch (error) {
      cause = error;
      tried.push({ name, reason: (error as Error).message.split('\n')[0] ?? '' });
    }
  }
  const libc = findLibc();
  const list = tried.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  const advice = adviseOnLoading(tried, { overridden, published: PLATFORM in PACKAGES, platform: PLATFORM, libc });
  throw new RerankError(
    'NATIVE_LOAD_FAILED',
    `the native addon could not be loaded on ${describePlatform(libc)}. Tried ${list}. ${advice}`,
    { cause },
  );
}

/** Path of the platform package's package.json, if it is installed. */
export function platformPackage(): string | undefined {
  try {
    return require.resolve(`@llama-rerank/${PLATFORM}/package.json`);
  } catch {
    return undefined;
  }
}
