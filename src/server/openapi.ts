import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifySchema {
    /** One line for the OpenAPI document. Routes without it are not in there. */
    summary?: string;
  }
}

/**
 * `/openapi.json`, made of the routes' schemas. Registered before them. As @fastify/swagger makes it, for what is used here: path
 * parameters are texts, and bodies and answers are JSON.
 */
export function openapi(app: FastifyInstance, version: string, needsKey: boolean): void {
  const paths: Record<string, Record<string, object>> = {};
  app.addHook('onRoute', ({ method, url, schema }) => {
    if (schema?.summary === undefined || method === 'HEAD') return;
    const { summary, body, response } = schema;
    const path = url.replace(/:(\w+)/g, '{$1}');
    const names = Array.from(url.matchAll(/:(\w+)/g), ([, name]) => name);
    const parameters = names.map((name) => ({ schema: { type: 'string' }, in: 'path', name, required: true }));
    paths[path] = {
      ...paths[path],
      [String(method).toLowerCase()]: {
        summary,
        ...(parameters.length > 0 ? { parameters } : {}),
        ...(body ? { requestBody: { required: true, ...json(body) } } : {}),
        responses: responses(response as Record<string, { description: string }> | undefined),
      },
    };
  });
  const document = {
    openapi: '3.1.0',
    info: { title: 'llama-rerank', description: 'Reranking on this machine.', version },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: {} },
    paths,
    ...(needsKey ? { security: [{ bearer: [] }] } : {}),
  };
  app.get('/openapi.json', { config: { public: true } }, async () => document);
}

function json(schema: unknown): object {
  return { content: { 'application/json': { schema } } };
}

function responses(schemas: Record<string, { description: string }> = {}): object {
  const entries = Object.entries(schemas).map(([status, schema]) => [
    status,
    { description: schema.description, ...json(schema) },
  ]);
  return entries.length > 0 ? Object.fromEntries(entries) : { 200: { description: 'Default Response' } };
}
