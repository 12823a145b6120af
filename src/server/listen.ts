import { isIP } from 'node:net';
import { createApp, type RerankApp } from './app.js';
import type { ServerOptions } from './options.js';

export interface ListenOptions extends ServerOptions {
  /** More host names by which a server of this machine alone may be called. */
  allowedHosts?: readonly string[];
  /** Default 127.0.0.1: this machine only. Another one needs `apiKeys`. */
  host?: string;
  /** Default 8080; 0 takes a free one. */
  port?: number;
}

/** Why the server cannot listen, in words for the person who started it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export interface RunningServer {
  readonly app: RerankApp;
  readonly url: string;
  /** Resolves when the server has ended; rejects when the first model cannot be loaded. */
  readonly ended: Promise<void>;
}

/**
 * Listens, loads the first model, and ends in order on SIGTERM and SIGINT: running requests finish, models are freed. A second signal
 * ends the process at once.
 *
 * @throws ListenError the port is in use, there is no such address, or it is not of this machine alone and there is no key
 */
export async function startServer(options: ListenOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8080, ...rest } = options;
  const local = isLoopback(host);
  if (!local && (rest.apiKeys ?? []).length === 0)
    throw new ListenError(`${host} is reachable by others: set a key (--api-key, or LLAMA_RERANK_API_KEY), or use 127.0.0.1`);
  const app = createApp({ ...rest, allowedHosts: local ? [host, ...(rest.allowedHosts ?? [])] : 'any' });
  let url: string;
  try {
    url = await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw new ListenError(reasonOf(cause as NodeJS.ErrnoException, host, port), { cause });
  }
  return { app, url, ended: untilEnd(app) };
}

async function untilEnd(app: RerankApp): Promise<void> {
  let stop = () => {};
  const asked = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const signals = ['SIGTERM', 'SIGINT'] as const;
  for (const signal of signals) process.once(signal, stop);
  app.server.once('close', stop);
  try {
    await Promise.race([asked, app.loaded.then(() => asked)]);
  } finally {
    // Without listeners the next signal has its usual effect.
    for (const signal of signals) process.removeListener(signal, stop);
    await app.close();
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function reasonOf({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use; --port takes another`;
    case 'EACCES':
      return `port ${port} needs more rights; --port takes another`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `this machine has no address ${host}`;
    default:
      return message;
  }
}
