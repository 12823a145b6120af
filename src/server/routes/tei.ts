import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.js';
import { rerank } from '../rerank.js';
import type { TeiBody } from '../schemas.js';

/** The answer of Text Embeddings Inference: a bare list, and the times as headers. */
export async function answerTei(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  body: TeiBody,
): Promise<object[]> {
  const { results, usage } = await rerank(context, request, reply, {
    model: body.model,
    query: body.query,
    documents: body.texts,
    truncation: body.truncate,
    field: 'texts',
  });
  const { total, tokens, queue, states, score } = usage.milliseconds;
  reply.headers({
    'x-compute-tokens': String(usage.totalTokens),
    'x-total-time': whole(total),
    'x-tokenization-time': whole(tokens),
    'x-queue-time': whole(queue),
    'x-inference-time': whole(states + score),
  });
  return results.map(({ index, relevanceScore, logit, document }) => ({
    index,
    score: body.raw_scores ? (logit ?? relevanceScore) : relevanceScore,
    ...(body.return_text ? { text: document } : {}),
  }));
}

function whole(milliseconds: number): string {
  return String(Math.round(milliseconds));
}
