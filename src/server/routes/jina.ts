import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.js';
import { type Outcome, rerank } from '../rerank.js';
import { type JinaBody, jinaError, rerankAnswer, rerankBody, type TeiBody } from '../schemas.js';
import { answerTei } from './tei.js';

/** `/v1/rerank` and `/rerank`: Jina's API, and Text Embeddings Inference's for bodies with `texts`. */
export function jinaRoutes(app: FastifyInstance, context: Context): void {
  const schema = {
    summary: "Rank documents (Jina's API; TEI's if the body has texts)",
    body: rerankBody(context.settings.maxDocuments),
    response: { 200: rerankAnswer, default: jinaError },
  };
  for (const url of ['/v1/rerank', '/rerank']) {
    app.post<{ Body: JinaBody | TeiBody }>(url, { schema, config: { rerank: true } }, async (request, reply) => {
      const { body } = request;
      if ('texts' in body) return answerTei(context, request, reply, body);
      const outcome = await rerank(context, request, reply, {
        model: body.model,
        query: body.query,
        documents: body.documents.map(textOf),
        topN: body.top_n,
        maxDocumentTokens: body.max_doc_length,
        returnEmbeddings: body.return_embeddings,
        truncation: body.truncation,
        deadline: body.deadline_ms,
      });
      return jinaAnswer(outcome, body);
    });
  }
}

export function textOf(document: string | { text: string }): string {
  return typeof document === 'string' ? document : document.text;
}

function jinaAnswer({ model, info, results, usage, stages }: Outcome, body: JinaBody): object {
  const bare = body.return_documents === false || body.return_documents === 'false';
  const { totalTokens, reusedTokens, queryTruncated, overflow, blocks, milliseconds } = usage;
  const details = {
    score_kind: info.scoreKind,
    family: info.family,
    query_truncated: queryTruncated,
    overflow,
    blocks,
    milliseconds,
    tokens: { total: totalTokens, reused: reusedTokens },
    stages: stages?.map((stage) => ({
      model: stage.model,
      score_kind: stage.scoreKind,
      documents: stage.documents,
      scored: stage.scored,
      complete: stage.complete,
      milliseconds: stage.milliseconds,
    })),
  };
  return {
    model,
    object: 'list',
    usage: { total_tokens: totalTokens, prompt_tokens: totalTokens },
    results: results.map(({ index, relevanceScore, document, embedding, truncated, logit, chunk, parts, stage }) => ({
      index,
      relevance_score: relevanceScore,
      ...(bare ? {} : { document: mirrored(document, body.documents[index]) }),
      ...(embedding ? { embedding } : {}),
      ...(body.details ? { truncated, logit, chunk, parts, stage } : {}),
    })),
    ...(body.details ? { details } : {}),
  };
}

/** The document in the shape it came in. */
function mirrored(text: string, given: JinaBody['documents'][number] | undefined): string | { text: string } {
  return typeof given === 'string' ? text : { text };
}
