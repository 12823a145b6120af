import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from './errors.js';

const OWN_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * A check of the name by which the server is called. A web site can make its own name point to 127.0.0.1 (DNS rebinding), and its
 * pages then count as of one origin with this server; but the name stays in `Host`.
 *
 * @throws HttpError 403, from the function that comes back
 */
export function hostCheck(allowed: readonly string[] | 'any'): (request: FastifyRequest) => void {
  if (allowed === 'any') return () => {};
  const names = new Set([...OWN_NAMES, ...allowed.map((name) => name.toLowerCase())]);
  return ({ hostname }) => {
    if (!names.has(hostname.toLowerCase()))
      throw new HttpError(403, 'AUTHZ_HOST_NOT_ALLOWED', 'this server is not called by that name; --allow-host permits it');
  };
}

/**
 * A check of the web site that a browser calls from: this server's own page, or one of `allowed`. It answers preflight requests.
 *
 * @throws HttpError 403, from the function that comes back
 */
export function originCheck(allowed: readonly string[]): (request: FastifyRequest, reply: FastifyReply) => void {
  return (request, reply) => {
    const { origin } = request.headers;
    if (allowed.length > 0) reply.header('vary', 'Origin');
    if (origin === undefined || hostOf(origin) === request.host) return;
    if (!allowed.includes('*') && !allowed.includes(origin))
      throw new HttpError(
        403,
        'AUTHZ_ORIGIN_NOT_ALLOWED',
        'pages of that site may not call this server; --cors-origin permits it',
      );
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', 'x-request-id, retry-after');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return;
    reply
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type, x-api-key',
        'access-control-max-age': '600',
      })
      .code(204)
      .send();
  };
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
