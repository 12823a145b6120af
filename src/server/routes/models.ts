import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.js';
import { HttpError } from '../errors.js';
import type { Model } from '../models.js';

/** `/v1/models` and `/v1/models/{id}`: what is served. */
export function modelRoutes(app: FastifyInstance, { models }: Context): void {
  const schema = { summary: 'The models that are served; the first is the default' };
  app.get('/v1/models', { schema }, async () => ({ object: 'list', data: models.list.map(describeModel) }));

  const one = { summary: 'One of the models that are served' };
  app.get<{ Params: { id: string } }>('/v1/models/:id', { schema: one }, async ({ params }) => {
    const found = models.list.find(({ name }) => name === params.id);
    if (!found) throw new HttpError(404, 'INPUT_MODEL_NOT_FOUND', 'model not found; GET /v1/models lists those that are served');
    return describeModel(found);
  });
}

function describeModel({ name, created, info, stages }: Model): object {
  const described = info && {
    family: info.family,
    score_kind: info.scoreKind,
    description: info.description,
    parameters: info.parameters,
    bytes: info.bytes,
    context_length: info.contextSize,
    max_query_tokens: info.maxQueryTokens,
    max_document_tokens: info.maxDocumentTokens,
    device: info.device,
  };
  return {
    id: name,
    object: 'model',
    created,
    owned_by: 'llama-rerank',
    loaded: info !== undefined,
    ...(stages ? { stages } : {}),
    ...described,
  };
}
