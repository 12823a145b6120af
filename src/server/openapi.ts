import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

/** `/openapi.json`, made of the routes' schemas. Registered before them. */
export function openapi(app: FastifyInstance, version: string, needsKey: boolean): void {
  const security = needsKey ? { security: [{ bearer: [] }] } : {};
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'llama-rerank', description: 'Reranking on this machine.', version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      ...security,
    },
  });
  app.after(() => {
    app.get('/openapi.json', { config: { public: true }, schema: { hide: true } }, async () => app.swagger());
  });
}
