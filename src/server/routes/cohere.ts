import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.js';
import { rerank } from '../rerank.js';
import { type CohereBody, cohereAnswer, cohereBody, cohereError } from '../schemas.js';
import { textOf } from './jina.js';

/** `/v2/rerank`: Cohere's API. */
export function cohereRoutes(app: FastifyInstance, context: Context): void {
  const schema = {
    summary: "Rank documents (Cohere's API)",
    body: cohereBody(context.settings.maxDocuments),
    response: { 200: cohereAnswer, default: cohereError },
  };
  app.post<{ Body: CohereBody }>('/v2/rerank', { schema, config: { rerank: true } }, async (request, reply) => {
    const { body } = request;
    const { results, usage } = await rerank(context, request, reply, {
      model: body.model,
      query: body.query,
      documents: body.documents.map(textOf),
      topN: body.top_n,
      maxDocumentTokens: body.max_tokens_per_doc,
    });
    return {
      id: request.id,
      results: results.map(({ index, relevanceScore }) => ({ index, relevance_score: relevanceScore })),
      meta: {
        api_version: { version: '2' },
        billed_units: { search_units: 1 },
        tokens: { input_tokens: usage.totalTokens },
      },
    };
  });
}
