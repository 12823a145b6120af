import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RerankOptions, RerankResponse } from '../index.js';
import { type Context, checkAvailable } from './context.js';
import { HttpError, invalidField } from './errors.js';
import type { ServedReranker } from './options.js';

/** A call in the library's terms, whichever API it came by. */
export interface Call {
  model?: string | null | undefined;
  query: string;
  documents: string[];
  topN?: number | null | undefined;
  maxDocumentTokens?: number | null | undefined;
  returnEmbeddings?: boolean | null | undefined;
  /** Default true; false refuses the call where a text would be cut. */
  truncation?: boolean | null | undefined;
  /** Milliseconds, for a cascade. */
  deadline?: number | null | undefined;
  /** What the body calls the documents, for errors. Default `documents`. */
  field?: string;
}

export interface Outcome extends RerankResponse<string> {
  /** The name under which the model is served. */
  model: string;
  info: ServedReranker['model'];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the log says about a rerank request. */
    work: { model: string; documents: number; tokens?: number } | null;
  }
}

/** Ranks for one request: admission, time limit, stop when the client leaves, metrics. */
export async function rerank(context: Context, request: FastifyRequest, reply: FastifyReply, call: Call): Promise<Outcome> {
  const { metrics, models, admission } = context;
  const model = models.find(call.model);
  checkAvailable(context);
  if (call.query.trim() === '') throw new HttpError(422, 'INPUT_INVALID', 'query: is empty', emptyQuery);
  request.work = { model: model.name, documents: call.documents.length };
  const arrived = performance.now();
  const leave = admission.enter();
  const watch = watchRequest(context, reply);
  try {
    const { info, results, usage, stages } = await model.use(watch.signal, async (reranker) => {
      const options = { ...optionsFor(call, reranker, arrived, context.settings.deadline), signal: watch.signal };
      const answer = await reranker.rerank(call.query, call.documents, options);
      return { ...answer, info: reranker.model };
    });
    if (call.truncation === false) refuseCut(results, usage.queryTruncated, call.field ?? 'documents');
    const { queue, total } = usage.milliseconds;
    metrics.queue.observe(queue / 1000);
    metrics.inference.observe((total - queue) / 1000);
    metrics.tokens.inc(usage.totalTokens);
    admission.took(total - queue);
    const best = results.slice(0, call.topN ?? undefined);
    metrics.truncated.inc(best.filter(({ truncated }) => truncated).length);
    request.work.tokens = usage.totalTokens;
    return { model: model.name, info, results: best, usage, ...(stages ? { stages } : {}) };
  } finally {
    watch.end();
    leave();
  }
}

const emptyQuery = { errors: [{ field: 'query', message: 'query: is empty', type: 'minLength' }] };

/** A signal that aborts when the client leaves, the time is over, or the server ends. */
function watchRequest({ settings, metrics, stop }: Context, reply: FastifyReply) {
  const controller = new AbortController();
  const onClose = () => {
    if (reply.raw.writableFinished) return;
    metrics.aborted.inc();
    controller.abort(new HttpError(499, 'CLIENT_CLOSED_REQUEST', 'the client left'));
  };
  const timer = setTimeout(() => {
    controller.abort(new HttpError(504, 'SERVICE_TIMEOUT', `the request took longer than ${settings.timeout / 1000} s`));
  }, settings.timeout);
  reply.raw.once('close', onClose);
  if (reply.raw.destroyed) onClose();
  return {
    signal: AbortSignal.any([controller.signal, stop.signal]),
    end() {
      clearTimeout(timer);
      reply.raw.removeListener('close', onClose);
    },
  };
}

function optionsFor(call: Call, { model }: ServedReranker, arrived: number, longest: number): RerankOptions<string> {
  const options: RerankOptions<string> = {};
  const isCascade = model.accepts?.options.includes('deadline') ?? false;
  if (call.deadline && !isCascade) throw invalidField('deadline_ms', 'deadline_ms: the model is no cascade; leave it out');
  const deadline = Math.min(call.deadline || Number.POSITIVE_INFINITY, longest || Number.POSITIVE_INFINITY);
  // What the request has waited for the model to be loaded counts. One that is over by then still gets the first stage's order.
  if (isCascade && Number.isFinite(deadline)) options.deadline = Math.max(arrived + deadline - performance.now(), 1);
  if (call.maxDocumentTokens) options.maxDocumentTokens = Math.min(call.maxDocumentTokens, model.maxDocumentTokens);
  if (call.returnEmbeddings) options.returnEmbeddings = true;
  // A listwise model may read the list in several prompts, which cuts nothing.
  if (call.truncation === false && model.family !== 'listwise') options.overflow = 'error';
  // Whether something was cut is seen only if all results come back.
  if (call.topN && call.truncation !== false) options.topN = call.topN;
  return options;
}

function refuseCut(results: Outcome['results'], queryTruncated: boolean, list: string): void {
  const cut = results.filter(({ truncated }) => truncated).map(({ index }) => index);
  if (cut.length === 0 && !queryTruncated) return;
  const field = queryTruncated ? 'query' : `${list}[${Math.min(...cut)}]`;
  const message = `${field}: is longer than the model reads, and truncation is false`;
  throw new HttpError(422, 'INPUT_TOKEN_LIMIT_EXCEEDED', message, { errors: [{ field, message, type: 'too_long' }] });
}
