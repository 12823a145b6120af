import type { FastifyInstance } from 'fastify';
import { type Context, checkAvailable } from '../context.js';
import { HttpError } from '../errors.js';
import { CONTENT_TYPE } from '../exposition.js';

/** Health for balancers and supervisors, and metrics for Prometheus. */
export function healthRoutes(app: FastifyInstance, context: Context): void {
  const { models, metrics } = context;
  const ready = async (): Promise<object> => {
    checkAvailable(context);
    if (models.first.info === undefined) throw new HttpError(503, 'SERVICE_UNAVAILABLE', 'the model is not loaded');
    return { status: 'ok' };
  };
  const config = { public: true };
  const schema = { summary: '200 when requests are taken, 503 while the model loads or the server ends' };
  app.get('/health', { config, schema }, ready);
  app.get('/health/ready', { config, schema }, ready);
  app.get('/health/live', { config, schema: { summary: '200 while the process runs' } }, async () => ({ status: 'ok' }));
  app.get('/metrics', { schema: { summary: 'Metrics for Prometheus' } }, async (_, reply) => {
    reply.type(CONTENT_TYPE);
    return metrics.text();
  });
}
