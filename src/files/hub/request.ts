import { RerankError } from '../../errors.js';
import { connectionFailure, Transient } from './failure.js';
import type { HubSettings } from './settings.js';

export interface Request {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether an answer is wanted as it is, although it redirects. */
  readonly stopAt?: (headers: Headers) => boolean;
}

/** An answer whose body is read with an eye on the clock. Either read it to its end or call `drop`. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly hasToken: boolean;
  chunks(): AsyncGenerator<Uint8Array>;
  drop(): void;
}

const MOST_REDIRECTS = 8;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Asks a server, and follows redirects. Unencrypted addresses are refused, unless the endpoint itself is one that the user named and
 * the target is that host or this machine. The token goes to the endpoint and to no other host.
 *
 * @throws Transient for what may pass; RerankError DOWNLOAD_FAILED; the signal's reason
 */
export async function request(url: URL, settings: HubSettings, wanted: Request = {}): Promise<Answer> {
  const watch = watchFor(settings.stall, wanted.signal);
  const token = await settings.token();
  let target = url;
  try {
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      checkProtocol(target, settings.endpoint);
      const hasToken = token !== undefined && target.origin === settings.endpoint.origin;
      const response = await watch.during(target, () =>
        fetch(target, {
          method: wanted.method ?? 'GET',
          headers: {
            'user-agent': 'llama-rerank',
            // Lengths and ranges must be those of the file.
            'accept-encoding': 'identity',
            ...wanted.headers,
            ...(hasToken ? { authorization: `Bearer ${token}` } : {}),
          },
          redirect: 'manual',
          signal: watch.signal,
        }),
      );
      const location = response.headers.get('location');
      const isRedirect = response.status >= 300 && response.status < 400 && location !== null;
      if (!isRedirect || wanted.stopAt?.(response.headers)) return answer(response, target, watch, hasToken);
      await response.body?.cancel();
      target = redirected(location, target);
    }
    throw new RerankError('DOWNLOAD_FAILED', `${url.host}: more than ${MOST_REDIRECTS} redirects`);
  } catch (error) {
    watch.stop();
    throw error;
  }
}

function redirected(location: string, from: URL): URL {
  if (URL.canParse(location, from.href)) return new URL(location, from);
  throw new RerankError('DOWNLOAD_FAILED', `${from.host} redirects to something that is no address`);
}

function checkProtocol(target: URL, endpoint: URL): void {
  if (target.protocol === 'https:') return;
  const near = target.hostname === endpoint.hostname || LOOPBACK.test(target.hostname);
  if (target.protocol === 'http:' && endpoint.protocol === 'http:' && near) return;
  throw new RerankError(
    'DOWNLOAD_FAILED',
    `refused to load from ${target.protocol}//${target.host}: only https is trusted (and an HF_ENDPOINT that you gave as http)`,
  );
}

function answer(response: Response, url: URL, watch: Watch, hasToken: boolean): Answer {
  const drop = (): void => {
    watch.stop();
    response.body?.cancel().catch(() => {});
  };
  return {
    status: response.status,
    headers: response.headers,
    hasToken,
    drop,
    async *chunks() {
      const reader = response.body?.getReader();
      try {
        for (;;) {
          const next = await watch.during(url, async () => reader?.read());
          if (next === undefined || next.done) return;
          yield next.value;
        }
      } finally {
        watch.stop();
        reader?.cancel().catch(() => {});
      }
    },
  };
}

interface Watch {
  readonly signal: AbortSignal;
  during<T>(url: URL, work: () => Promise<T>): Promise<T>;
  stop(): void;
}

/** Ends a request that the user cancels, and one that gives nothing for too long. */
function watchFor(stall: number, signal: AbortSignal | undefined): Watch {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  const stop = (): void => signal?.removeEventListener('abort', abort);
  return {
    signal: controller.signal,
    stop,
    async during(url, work) {
      let stalled = false;
      const timer = setTimeout(() => {
        stalled = true;
        controller.abort();
      }, stall);
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        if (stalled) throw new Transient(`${url.host}: no data for ${stall / 1000} s`, { cause: error });
        throw connectionFailure(error, url);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
