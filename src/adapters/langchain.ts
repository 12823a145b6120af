/** `llama-rerank/langchain`: a document compressor for LangChain. */
import { type LoadOptions, type Ranker, Reranker, type RerankOptions } from '../index.js';
import { isRanker, SharedRanker } from './shared-ranker.js';

/** LangChain's `DocumentInterface`. */
export interface DocumentLike<Metadata extends Record<string, unknown> = Record<string, unknown>> {
  pageContent: string;
  metadata: Metadata;
  id?: string | undefined;
}

/** What holds for each call. */
type CallOptions = Pick<
  RerankOptions,
  'minScore' | 'instruction' | 'maxDocumentTokens' | 'maxQueryTokens' | 'blockSize' | 'overflow' | 'timeout' | 'deadline'
>;

export interface LlamaRerankFields extends Omit<LoadOptions, 'signal'>, CallOptions {
  /**
   * What `Reranker.load` takes (default: the included starter model), or a ranker that is loaded already: that one stays yours to dispose.
   */
  model?: string | Ranker;
  /** Documents to keep; default 3. */
  topN?: number;
}

export interface LlamaRerankScore {
  index: number;
  relevanceScore: number;
  /** Cascades: which stage gave the score. Scores of two stages do not compare. */
  stage?: number;
}

/**
 * Reranks LangChain's documents on this machine: for `ContextualCompressionRetriever`, or by itself.
 *
 * It has the method of LangChain's `BaseDocumentCompressor` and does not extend it: LangChain goes by the method, in its types and at run
 * time (`isBaseDocumentCompressor`), and so this imports nothing of LangChain and works with each copy of `@langchain/core`.
 *
 * The model is loaded by the first call.
 */
export class LlamaRerank {
  readonly model: string | Ranker | undefined;
  topN: number;
  readonly #options: CallOptions;
  readonly #shared: SharedRanker | undefined;

  constructor(fields: LlamaRerankFields = {}) {
    const {
      model,
      topN = 3,
      minScore,
      instruction,
      maxDocumentTokens,
      maxQueryTokens,
      blockSize,
      overflow,
      timeout,
      deadline,
      ...load
    } = fields;
    this.model = model;
    this.topN = topN;
    this.#options = { minScore, instruction, maxDocumentTokens, maxQueryTokens, blockSize, overflow, timeout, deadline };
    if (!isRanker(model)) this.#shared = new SharedRanker((signal) => Reranker.load(model, { ...load, signal }));
  }

  /**
   * The best `topN` documents, best first: copies with their score in `metadata.relevanceScore`, and of a cascade, the stage that gave it in
   * `metadata.stage`. Those that were given are not changed.
   *
   * @param _callbacks LangChain passes them; this calls no model of LangChain's that would report to them
   * @throws RerankError
   */
  async compressDocuments<T extends DocumentLike>(documents: readonly T[], query: string, _callbacks?: unknown): Promise<T[]> {
    const ranking = await this.rerank(documents, query);
    return ranking.map(({ index, ...score }) => withScore(documents[index] as T, score));
  }

  /**
   * Indices and scores, best first.
   *
   * @param documents LangChain's documents, or texts
   * @param options `topN` in place of the field; `signal` cancels
   * @throws RerankError; the signal's reason when it was aborted
   */
  async rerank(
    documents: readonly (DocumentLike | string)[],
    query: string,
    options: { topN?: number; signal?: AbortSignal } = {},
  ): Promise<LlamaRerankScore[]> {
    if (!documents || documents.length === 0) return [];
    const { topN = this.topN, signal } = options;
    const ranker = this.#shared ? await this.#shared.get(signal) : (this.model as Ranker);
    const text = (document: DocumentLike | string) => (typeof document === 'string' ? document : document.pageContent);
    const { results } = await ranker.rerank(query, documents, { ...this.#options, text, topN, signal });
    return results.map(({ index, relevanceScore, stage }) => ({
      index,
      relevanceScore,
      ...(stage === undefined ? {} : { stage }),
    }));
  }

  /** Frees the model that this loaded; calls that run reject with DISPOSED. The next call loads again. */
  async dispose(): Promise<void> {
    await this.#shared?.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Keeps the class, since some ask `instanceof Document`. */
function withScore<T extends DocumentLike>(document: T, score: Omit<LlamaRerankScore, 'index'>): T {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(document)) as T, document);
  copy.metadata = { ...document.metadata, ...score };
  return copy;
}
