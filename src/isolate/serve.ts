import { setLogLevel } from '../engine/library.js';
import { LocalReranker } from '../local.js';
import type { Progress } from '../types.js';
import { type Calls, type FromChild, packError, type ToChild } from './protocol.js';
import { packVectors, unpackVectors } from './vectors.js';

/** The child's end of the line. */
export interface ParentPort {
  send(message: FromChild): void;
  onMessage(listener: (message: ToChild) => void): void;
  /** Ends this process. */
  end(): void;
}

type Ask = Extract<ToChild, { progress: boolean }>;

/** The child's side: one model, which answers what the parent asks. */
export function serve(port: ParentPort, open: typeof LocalReranker.open = LocalReranker.open): void {
  const running = new Map<number, AbortController>();
  const texts = new Map<number, string[]>();
  let reranker: LocalReranker | undefined;

  const run: { [K in keyof Calls]: (ask: Extract<Ask, { type: K }>, call: Call) => Promise<Calls[K]['answer']> } = {
    async load({ model, options, logLevel }, { signal, onProgress }) {
      if (logLevel > 0) setLogLevel(logLevel);
      const onNotice = (notice: string) => port.send({ type: 'notice', notice });
      reranker = await open(model, { ...options, signal, onNotice, ...(onProgress && { onProgress }) });
      return { model: reranker.model, scoreKind: reranker.scoreKind, rules: reranker.rules };
    },
    async rerank({ query, request }, { texts, signal, onProgress }) {
      const { documentEmbeddings, minScore, ...rest } = request;
      const { results, usage } = await loaded().rerank(query, texts, {
        ...rest,
        ...(minScore !== undefined && { minScore }),
        ...(documentEmbeddings && { documentEmbeddings: unpackVectors(documentEmbeddings) }),
        signal,
        ...(onProgress && { onProgress }),
      });
      // The place stays, so that a result has its properties in the same order.
      return { results: results.map((result) => ({ ...result, document: undefined })), usage };
    },
    embed: async (_, { texts, signal, onProgress }) =>
      packVectors(await loaded().embedDocuments(texts, { signal, ...(onProgress && { onProgress }) })),
    count: (_, { texts }) => loaded().countTokens(texts),
  };

  function loaded(): LocalReranker {
    if (!reranker) throw new Error('nothing is loaded');
    return reranker;
  }

  async function answer(ask: Ask): Promise<void> {
    const { id } = ask;
    const controller = new AbortController();
    running.set(id, controller);
    const onProgress = ask.progress ? (progress: Progress) => port.send({ type: 'progress', id, progress }) : undefined;
    const call: Call = { texts: texts.get(id) ?? [], signal: controller.signal, onProgress };
    texts.delete(id);
    try {
      const value = await (run[ask.type] as (ask: Ask, call: Call) => Promise<unknown>)(ask, call);
      port.send({ type: 'done', id, value });
    } catch (error) {
      port.send({ type: 'failed', id, error: packError(error) });
    } finally {
      running.delete(id);
    }
  }

  port.onMessage((message) => {
    if (message.type === 'texts') {
      const list = texts.get(message.id) ?? [];
      texts.set(message.id, list);
      for (const text of message.texts) list.push(text);
    } else if (message.type === 'abort') {
      texts.delete(message.id);
      running.get(message.id)?.abort();
    } else if (message.type === 'end') port.end();
    else void answer(message);
  });
}

interface Call {
  readonly texts: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}
