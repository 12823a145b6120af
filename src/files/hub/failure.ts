import { RerankError } from '../../errors.js';

/** A failure that may be over in a moment. It never reaches users: withRetries makes a RerankError of it. */
export class Transient extends Error {
  override readonly name = 'Transient';
  /** Milliseconds that the server asks to wait. */
  readonly wait: number | undefined;

  constructor(message: string, options: { cause?: unknown; wait?: number | undefined } = {}) {
    super(message, { cause: options.cause });
    this.wait = options.wait;
  }
}

/**
 * What a status that is no success means.
 *
 * @param what the file or repository, for the message
 * @param page address where a person can look at the repository and agree to its terms
 * @returns Transient for 408, 429 and 5xx; RerankError MODEL_UNKNOWN, DOWNLOAD_GATED, DOWNLOAD_FAILED
 */
export function statusFailure(
  status: number,
  headers: Headers,
  what: string,
  page: string,
  hasToken: boolean,
): RerankError | Transient {
  const code = headers.get('x-error-code') ?? '';
  if (status === 408 || status === 429 || status >= 500) {
    return new Transient(`${what}: the server answered ${status}`, { wait: retryAfter(headers) });
  }
  if (status === 404 || code === 'RepoNotFound') {
    const hint = status === 404 || hasToken ? '' : ', or it is private: set HF_TOKEN';
    return new RerankError(
      'MODEL_UNKNOWN',
      `${what}: there is no such file, repository or revision${hint} (${status} ${code})`.trim(),
    );
  }
  if (status === 401 || status === 403) {
    const hint = hasToken
      ? `the token may not read it. Agree to the terms at ${page}, or use the token of an account that did`
      : `it needs an account. Agree to the terms at ${page} and set HF_TOKEN`;
    return new RerankError('DOWNLOAD_GATED', `${what}: ${hint} (${status})`);
  }
  return new RerankError('DOWNLOAD_FAILED', `${what}: the server answered ${status}`);
}

/** Milliseconds of a Retry-After header, which holds seconds or a date. */
function retryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after');
  if (!text) return undefined;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

/**
 * What a failed connection means.
 *
 * @returns Transient, or RerankError DOWNLOAD_FAILED for what a retry does not cure (certificates)
 */
export function connectionFailure(error: unknown, url: URL): RerankError | Transient {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? (error as { code?: string }).code ?? '';
  const message = `${url.host}: ${code || (error as Error).message}${hintFor(code)}`;
  if (/CERT|SELF_SIGNED|TLS|SSL|UNABLE_TO_VERIFY/.test(code))
    return new RerankError('DOWNLOAD_FAILED', message, { cause: error });
  return new Transient(message, { cause: error });
}

function hintFor(code: string): string {
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
    return ' (a certificate of your network? NODE_EXTRA_CA_CERTS names its file)';
  const proxy = process.env.HTTPS_PROXY || process.env.https_proxy;
  if (proxy && !process.env.NODE_USE_ENV_PROXY) return ' (HTTPS_PROXY counts from Node.js 24 on, with NODE_USE_ENV_PROXY=1)';
  return /ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH/.test(code) ? ' (is this machine offline?)' : '';
}
