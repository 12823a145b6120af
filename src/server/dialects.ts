import type { FastifyRequest } from 'fastify';
import type { HttpError } from './errors.js';

/** Whose API a request speaks. */
export type Dialect = 'jina' | 'cohere' | 'tei';

/** Cohere has a path of its own; TEI's bodies have `texts`. */
export function dialectOf(request: FastifyRequest): Dialect {
  if (request.url.startsWith('/v2/')) return 'cohere';
  const { body } = request;
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'texts') ? 'tei' : 'jina';
}

/** Status and body of an error, as the clients of each API expect it. */
export function errorAnswer(dialect: Dialect, error: HttpError, requestId: string): { status: number; body: object } {
  const { status, code, message, more } = error;
  switch (dialect) {
    case 'cohere':
      return {
        status: status === 422 ? 400 : status,
        body: { message: status === 422 ? `invalid request: ${message}` : message },
      };
    case 'tei': {
      const empty = more.errors?.some(({ field, type }) => field === 'texts' && type === 'minItems');
      return empty
        ? { status: 400, body: { error: '`texts` cannot be empty', error_type: 'Empty' } }
        : { status, body: { error: message, error_type: teiType(status) } };
    }
    case 'jina':
      return { status, body: { detail: message, code, request_id: requestId, ...(more.errors ? { errors: more.errors } : {}) } };
  }
}

function teiType(status: number): string {
  if (status === 429) return 'Overloaded';
  if (status === 503) return 'Unhealthy';
  return status >= 500 ? 'Backend' : 'Validation';
}
