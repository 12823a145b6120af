import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from './context.js';
import { dialectOf, errorAnswer } from './dialects.js';
import { describe, HttpError, toHttpError } from './errors.js';

/** Answers to everything that is not 200, in the shape of the API that was called. */
export function errorAnswers(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler(async (request) => {
    const methods = allowedMethods(app, request.url);
    if (methods.length === 0) throw new HttpError(404, 'RESOURCE_NOT_FOUND', 'there is nothing at that path');
    const allow = methods.join(', ');
    throw new HttpError(405, 'METHOD_NOT_ALLOWED', `that path takes ${allow}`, { headers: { allow } });
  });
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = toHttpError(error);
  if (answer.status === 500) request.log.error(describe(answer.cause ?? error), 'internal error');
  const { status, body } = errorAnswer(dialectOf(request), answer, request.id);
  // The rest of a body that is too large is not read.
  if (status === 413) reply.header('connection', 'close');
  return reply
    .code(status)
    .headers(answer.more.headers ?? {})
    .send(body);
}

const METHODS = ['GET', 'HEAD', 'POST'] as const;

function allowedMethods(app: FastifyInstance, url: string): string[] {
  const path = (url.split('?')[0] as string).replace(/^\/v1\/models\/[^/]+$/, '/v1/models/:id');
  return METHODS.filter((method) => app.hasRoute({ method, url: path }));
}

/** One line a request in the log, and its metrics. Nothing of what was sent. */
export function countAnswers(app: FastifyInstance, { metrics }: Context): void {
  const count = (request: FastifyRequest, reply: FastifyReply, status: number): void => {
    const { config } = request.routeOptions;
    if (config.rerank) {
      metrics.requests.inc(status);
      metrics.request.observe(reply.elapsedTime / 1000);
    }
    const path = request.url.split('?')[0];
    const milliseconds = Math.round(reply.elapsedTime);
    const level = config.public ? 'debug' : 'info';
    request.log[level]({ method: request.method, path, status, milliseconds, ...request.work }, 'request');
  };
  const answered = new WeakSet<FastifyRequest>();
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', () => {
      if (!reply.raw.writableEnded && !answered.has(request)) count(request, reply, 499);
    });
  });
  app.addHook('onResponse', async (request, reply) => {
    answered.add(request);
    count(request, reply, reply.statusCode);
  });
}
