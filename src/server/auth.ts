import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { HttpError } from './errors.js';

const CHALLENGE = { 'www-authenticate': 'Bearer realm="llama-rerank"' };

/**
 * A check of the key in `Authorization: Bearer` or `X-Api-Key`. Hashes are compared, all of them and each in constant time, so that
 * neither length nor beginning of a key can be measured.
 *
 * @throws HttpError 401, from the function that comes back
 */
export function keyCheck(keys: readonly string[]): (request: FastifyRequest) => void {
  const hashes = keys.map(hash);
  return (request) => {
    if (hashes.length === 0) return;
    const key = keyOf(request);
    if (key === undefined) throw new HttpError(401, 'AUTH_MISSING_API_KEY', 'an API key is needed', { headers: CHALLENGE });
    const given = hash(key);
    const right = hashes.filter((known) => timingSafeEqual(known, given)).length > 0;
    if (!right) throw new HttpError(401, 'AUTH_INVALID_API_KEY', 'the API key is wrong', { headers: CHALLENGE });
  };
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const other = headers['x-api-key'];
  return bearer ?? (typeof other === 'string' ? other : undefined);
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
