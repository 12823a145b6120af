import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import type { Context } from '../../src/server/context.js';
import { openapi } from '../../src/server/openapi.js';
import { cohereRoutes } from '../../src/server/routes/cohere.js';
import { healthRoutes } from '../../src/server/routes/health.js';
import { jinaRoutes } from '../../src/server/routes/jina.js';
import { modelRoutes } from '../../src/server/routes/models.js';

/** Enough to register routes; none is called. */
const context = { settings: { maxDocuments: 7 } } as Context;

async function documented(register: (app: FastifyInstance) => void): Promise<FastifyInstance> {
  const app = Fastify({ ajv: { customOptions: { allowUnionTypes: true } } }) as unknown as FastifyInstance;
  register(app);
  app.register(async (routes) => {
    for (const add of [jinaRoutes, cohereRoutes, modelRoutes, healthRoutes]) add(routes, context);
    routes.get('/page', async () => 'not documented');
  });
  await app.ready();
  return app;
}

test.each([false, true])('the document is the one that @fastify/swagger makes (key needed: %s)', async (needsKey) => {
  const ours = await documented((app) => openapi(app, '1.2.3', needsKey));
  const reference = await documented((app) => {
    app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'llama-rerank', description: 'Reranking on this machine.', version: '1.2.3' },
        components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
        ...(needsKey ? { security: [{ bearer: [] }] } : {}),
      },
      transform: ({ schema, url }) => ({ schema: schema ?? { hide: true }, url }),
    });
  });
  const document = (await ours.inject('/openapi.json')).json();
  expect(Object.keys(document.paths)).toContain('/v1/models/{id}');
  expect(document).toEqual(JSON.parse(JSON.stringify(reference.swagger())));
});
