import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RerankError } from '../../errors.js';

/** What the environment says about the Hugging Face Hub, in the variables of its own tools and of llama.cpp. */
export interface HubSettings {
  /** Folder of the Hub's cache, which is shared with `hf`, Python and llama.cpp. */
  readonly cache: string;
  /** Folders that llama.cpp fills: in the Hub's layout, or flat as older releases had it. They are only read. */
  readonly llamaCaches: readonly string[];
  readonly endpoint: URL;
  readonly offline: boolean;
  /** Milliseconds without data after which a connection counts as dead. */
  readonly stall: number;
  readonly retry: Retry;
  /** The user's token, for requests to the endpoint alone. */
  token(): Promise<string | undefined>;
}

export interface Retry {
  /** Failures in a row, without progress between them, before it is given up. */
  readonly attempts: number;
  /** Milliseconds before the first retry; doubles with each. */
  readonly first: number;
  /** Longest pause in milliseconds, also for what a server asks for. */
  readonly longest: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const YES = new Set(['1', 'on', 'yes', 'true']);

/**
 * Reads the settings: HF_HUB_CACHE, HF_HOME and XDG_CACHE_HOME; LLAMA_CACHE; HF_ENDPOINT; HF_HUB_OFFLINE; HF_HUB_DOWNLOAD_TIMEOUT;
 * HF_TOKEN and HF_TOKEN_PATH.
 *
 * @throws RerankError INVALID_ARGUMENT for an endpoint that is no address
 */
export function hubSettings(env: Environment = process.env): HubSettings {
  const system = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const home = env.HF_HOME || join(system, 'huggingface');
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return {
    cache: expand(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    llamaCaches: env.LLAMA_CACHE ? [expand(env.LLAMA_CACHE)] : [defaultLlamaCache(env, system)],
    endpoint: endpointOf(env.HF_ENDPOINT || 'https://huggingface.co'),
    offline: isYes(env.HF_HUB_OFFLINE) || isYes(env.TRANSFORMERS_OFFLINE),
    stall: seconds > 0 ? seconds * 1000 : 30_000,
    retry: { attempts: 5, first: 500, longest: 60_000 },
    token: () => readToken(env, expand(home)),
  };
}

function isYes(value: string | undefined): boolean {
  return YES.has((value ?? '').toLowerCase());
}

function expand(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, homedir);
}

function defaultLlamaCache(env: Environment, system: string): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library/Caches/llama.cpp');
  if (process.platform === 'win32') return join(env.LOCALAPPDATA || homedir(), 'llama.cpp');
  return join(system, 'llama.cpp');
}

function endpointOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') {
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/`;
    return url;
  }
  throw new RerankError('INVALID_ARGUMENT', `HF_ENDPOINT: expected an address such as https://huggingface.co, got ${text}`);
}

async function readToken(env: Environment, home: string): Promise<string | undefined> {
  const named = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN;
  const text = named || (await readFile(expand(env.HF_TOKEN_PATH || join(home, 'token')), 'utf8').catch(() => ''));
  const token = text.trim();
  if (token === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new RerankError(
      'INVALID_ARGUMENT',
      'the token for Hugging Face (HF_TOKEN, or its file) holds characters that no token has',
    );
  }
  return token;
}
