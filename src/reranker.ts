import { Cascade } from './cascade/cascade.js';
import { loadStages } from './cascade/load.js';
import { RerankError } from './errors.js';
import { IsolatedReranker } from './isolate/isolated.js';
import { LocalReranker } from './local.js';
import type {
  CascadeOptions,
  EmbedOptions,
  LoadOptions,
  ModelInfo,
  Ranker,
  RerankOptions,
  RerankResponse,
  ScoreKind,
} from './types.js';

/** A loaded model that ranks documents by their relevance to a query. */
export class Reranker implements Ranker {
  readonly #ranker: Ranker;

  /**
   * Loads a model.
   *
   * Without `model` this is the starter model that ships with the package, all-MiniLM-L6-v2: small, quick, English only. Its
   * cosines are blended with BM25 (`lexical`), which takes over in languages that it does not know: there it ranks by matching words. For other languages and the best quality name jina-reranker-v3 (licensed for non-commercial use).
   *
   * @param model `starter`, `jina-reranker-v3`, `jina-reranker-v3:Q4_K_M`, `hf:user/repo:Q8_0`, `hf:user/repo/file.gguf#revision`: found in the cache
   *   of the Hugging Face Hub, or fetched to it; or the path of a GGUF file, with its `projector.safetensors` beside it
   * @throws RerankError MODEL_*, PROJECTOR_*, DOWNLOAD_*, OFFLINE, DISK_FULL, CACHE_UNWRITABLE, GPU_UNAVAILABLE, NATIVE_LOAD_FAILED,
   *   INSUFFICIENT_MEMORY, INVALID_ARGUMENT, WORKER_CRASHED (`isolate`); the signal's reason when it was aborted.
   */
  static async load(model?: string, options: LoadOptions = {}): Promise<Reranker> {
    if (model !== undefined && typeof model !== 'string')
      throw new RerankError('INVALID_ARGUMENT', `model: expected a name or a file path, got ${typeof model}`);
    const { open } = options?.isolate === true ? IsolatedReranker : LocalReranker;
    return new Reranker(await open(model, options));
  }

  /**
   * Makes one reranker of several: the first orders all documents, each further one the best `keep` of those before it. Documents that
   * a stage did not score keep their order below those that it did, and `result.stage` says whose score a result has: scores of different
   * stages are never sorted together. With `deadline`, later stages score what the time allows.
   *
   * `model` and `scoreKind` are those of the last stage, with all stages' names, bytes and parameters. `embedDocuments` asks the first stage,
   * `countTokens` the last. The cascade owns its stages: `dispose` frees them all.
   *
   * @param stages loaded rerankers, the fastest first
   * @throws RerankError INVALID_ARGUMENT
   */
  static cascade(stages: readonly Ranker[], options: CascadeOptions = {}): Reranker {
    return new Reranker(new Cascade(stages, options));
  }

  /**
   * Loads models, one after the other, and makes a cascade of them: `Reranker.cascade` of what `Reranker.load` gives for each. If one
   * cannot be loaded, the others are freed.
   *
   * @param models the fastest first, each as `Reranker.load` takes it
   * @param options `keep` as for `Reranker.cascade`; all else as for `Reranker.load`, for every model
   * @throws RerankError as both of them; the signal's reason when it was aborted
   */
  static loadCascade(models: readonly string[], { keep, ...options }: LoadOptions & CascadeOptions = {}): Promise<Reranker> {
    return loadStages(
      models,
      (model) => Reranker.load(model, options),
      (stages) => Reranker.cascade(stages, keep === undefined ? {} : { keep }),
    );
  }

  private constructor(ranker: Ranker) {
    this.#ranker = ranker;
  }

  get model(): Readonly<ModelInfo> {
    return this.#ranker.model;
  }

  /** What the scores of this model mean. */
  get scoreKind(): ScoreKind {
    return this.#ranker.scoreKind;
  }

  /**
   * Ranks documents by their relevance to a query. Calls on one reranker run one after the other, in order.
   *
   * @param documents strings, or objects with a text (`options.text`); they come back by reference
   * @returns `results`, best first, and `usage`; of a cascade also `stages`
   * @throws RerankError INVALID_ARGUMENT, INVALID_QUERY, TEXT_TOO_LARGE, CONTEXT_OVERFLOW, TIMEOUT, DISPOSED, NON_FINITE,
   *   INSUFFICIENT_MEMORY, WORKER_CRASHED (`isolate`); the signal's reason when it was aborted. The next call works.
   */
  rerank<T>(query: string, documents: readonly T[], options?: RerankOptions<T>): Promise<RerankResponse<T>> {
    return this.#ranker.rerank(query, documents, options);
  }

  /**
   * Embeddings of documents, for `options.documentEmbeddings` of many calls of `rerank`. Similarity models only.
   *
   * Each text stands after the model's document prefix and is cut at the model's limit (`model.maxDocumentTokens`). Calls wait in the same
   * queue as those of `rerank`.
   *
   * @returns one vector of length 1 (L2) for each document, in the order of the input
   * @throws RerankError INVALID_ARGUMENT (also for listwise and pairwise models), TEXT_TOO_LARGE, TIMEOUT, DISPOSED, NON_FINITE,
   *   INSUFFICIENT_MEMORY; the signal's reason when it was aborted. The next call works.
   */
  embedDocuments<T>(documents: readonly T[], options?: EmbedOptions<T>): Promise<Float32Array[]> {
    return this.#ranker.embedDocuments(documents, options);
  }

  /**
   * Tokens of each text on its own, as this model's tokenizer counts them, without running the model.
   *
   * @throws RerankError INVALID_ARGUMENT, TEXT_TOO_LARGE, DISPOSED
   */
  countTokens(texts: readonly string[]): Promise<number[]> {
    return this.#ranker.countTokens(texts);
  }

  /** Rejects waiting and running calls with DISPOSED, then frees the model. Idempotent: every call gives the same promise. */
  dispose(): Promise<void> {
    return this.#ranker.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
