import { fileURLToPath } from 'node:url';
import type { NativeDevice } from './engine/addon.js';
import { Engine } from './engine/engine.js';
import { callSafely } from './engine/failure.js';
import { chooseDevice, type OpenLibrary, openLibrary } from './engine/library.js';
import { cacheBytesPerToken, defaultMemoryBudget } from './engine/memory.js';
import { RerankError } from './errors.js';
import type { Family, Plan, RerankRequest } from './family.js';
import { findByFile, type KnownModel, readCatalog } from './files/catalog.js';
import { checkModel } from './files/check/check.js';
import { expectChecksum } from './files/checksum.js';
import { type ModelFile, openModelFile } from './files/model-file.js';
import { resolveModel } from './files/resolve.js';
import type { FamilyChoice } from './models/candidate.js';
import { chooseFamily } from './models/choose.js';
import { checkText, readLoadOptions, readRequest } from './options.js';
import { rank } from './ranking.js';
import type { LoadOptions, ModelInfo, Progress, RerankOptions, RerankResponse, RerankResult, ScoreKind, Usage } from './types.js';

const STARTER = fileURLToPath(new URL('../gguf/all-MiniLM-L6-v2-Q8_0.gguf', import.meta.url));

/** A loaded model that ranks documents by their relevance to a query. */
export class Reranker {
  readonly model: Readonly<ModelInfo>;
  /** What the scores of this model mean. */
  readonly scoreKind: ScoreKind;
  readonly #engine: Engine;
  readonly #family: Family;
  readonly #capacity: number;
  readonly #closing = new AbortController();
  #disposed: Promise<void> | undefined;

  /**
   * Loads a model.
   *
   * Without `model` this is the starter model that ships with the package, all-MiniLM-L6-v2: small, quick, English only and harmful
   * in other languages. For other languages and the best quality name jina-reranker-v3 (licensed for non-commercial use).
   *
   * @param model `jina-reranker-v3`, `jina-reranker-v3:Q4_K_M`, `hf:user/repo:Q8_0`, `hf:user/repo/file.gguf#revision`: found in the cache
   *   of the Hugging Face Hub, or fetched to it; or the path of a GGUF file, with its `projector.safetensors` beside it
   * @throws RerankError MODEL_*, PROJECTOR_*, DOWNLOAD_*, OFFLINE, DISK_FULL, CACHE_UNWRITABLE, GPU_UNAVAILABLE, NATIVE_LOAD_FAILED,
   *   INSUFFICIENT_MEMORY, INVALID_ARGUMENT; the signal's reason when it was aborted.
   */
  static async load(model: string = STARTER, options: LoadOptions = {}): Promise<Reranker> {
    if (typeof model !== 'string')
      throw new RerankError('INVALID_ARGUMENT', `model: expected a name or a file path, got ${typeof model}`);
    const settings = readLoadOptions(options);
    settings.signal?.throwIfAborted();
    const progress = (value: Progress) => callSafely(settings.onProgress, value);
    const { path, head, known } = await resolveModel(model, { ...settings, onProgress: progress });
    const { file, choice } = await openChecked(path, { ...settings, head }, known?.model ?? findByFile(readCatalog(), path));
    try {
      const library = await openLibrary(settings.gpu);
      const device = chooseDevice(settings.gpu, library.devices);
      const useGpu = device !== undefined && device.type !== 'cpu' && settings.gpuLayers > 0;
      const native = { useGpu, gpuLayers: useGpu ? settings.gpuLayers : 0, mmap: settings.mmap, ...choice.native };
      const report = (done: number) => callSafely(settings.onProgress, { stage: 'load', done, total: 1 });
      const engine = await Engine.open(library, file, native, settings.onProgress && report, settings.signal);
      try {
        settings.signal?.throwIfAborted();
        return new Reranker(engine, choice, path, settings, library, device);
      } catch (error) {
        await engine.close();
        throw error;
      }
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(
    engine: Engine,
    { head, open }: FamilyChoice,
    path: string,
    settings: ReturnType<typeof readLoadOptions>,
    library: OpenLibrary,
    device: NativeDevice | undefined,
  ) {
    const { info } = engine;
    const family = open(engine, settings.ubatchSize);
    const budget = settings.memoryBudget ?? defaultMemoryBudget(device);
    const hasCache = family.states === 'marked' || family.states === 'last';
    const affordable = !hasCache
      ? family.contextSize
      : Math.floor(budget / cacheBytesPerToken(info.metadata, settings.kvCacheType));
    this.scoreKind = family.scoreKind;
    this.#engine = engine;
    this.#family = family;
    this.#capacity = Math.min(settings.contextSize ?? family.contextSize, family.contextSize, affordable);
    engine.start({
      states: family.states,
      threads: settings.threads,
      ubatch: settings.ubatchSize,
      flashAttention: settings.flashAttention,
      kvCacheType: settings.kvCacheType,
      maxTokens: Math.max(this.#capacity, 1),
    });
    this.model = Object.freeze({
      path,
      head,
      family: family.name,
      scoreKind: family.scoreKind,
      architecture: info.metadata['general.architecture'] ?? '',
      name: info.metadata['general.name'] ?? '',
      description: info.description,
      bytes: info.bytes,
      parameters: info.parameters,
      contextSize: this.#capacity,
      maxQueryTokens: family.defaults.maxQueryTokens,
      maxDocumentTokens: family.defaults.maxDocumentTokens,
      device: device?.name ?? 'CPU',
      llamaCpp: library.release,
    });
  }

  /**
   * Ranks documents by their relevance to a query. Calls on one reranker run one after the other, in order.
   *
   * @param documents strings, or objects with a text (`options.text`); they come back by reference
   * @returns `results`, best first, and `usage`
   * @throws RerankError INVALID_ARGUMENT, INVALID_QUERY, TEXT_TOO_LARGE, CONTEXT_OVERFLOW, TIMEOUT, DISPOSED, NON_FINITE,
   *   INSUFFICIENT_MEMORY; the signal's reason when it was aborted. The next call works.
   */
  async rerank<T>(query: string, documents: readonly T[], options: RerankOptions<T> = {}): Promise<RerankResponse<T>> {
    const begin = performance.now();
    this.#closing.signal.throwIfAborted();
    const read = readRequest(query, documents, options, this.#family);
    read.request.signal?.throwIfAborted();
    if (read.documents.length === 0) return { results: [], usage: emptyUsage() };

    const timeout = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, timeout.signal, ...(read.request.signal ? [read.request.signal] : [])]);
    const timer =
      read.request.timeout && setTimeout(() => timeout.abort(timedOut(read.request.timeout as number)), read.request.timeout);
    try {
      return (await this.#engine.run(() => this.#run(read.request, read.documents, signal, begin), signal)) as RerankResponse<T>;
    } finally {
      clearTimeout(timer);
    }
  }

  async #run(request: RerankRequest, documents: unknown[], signal: AbortSignal, begin: number): Promise<RerankResponse<unknown>> {
    const queued = performance.now();
    const plan = await this.#family.plan(request, this.#engine.tokenizer, this.#capacity, signal);
    const planned = performance.now();
    const { states, reusedTokens } = await this.#states(plan, request, signal);
    const computed = performance.now();
    const scored = await this.#family.score(plan, states);
    const results: RerankResult<unknown>[] = rank(documents, scored, plan.truncated, request);
    const end = performance.now();
    return {
      results,
      usage: {
        totalTokens: totalTokens(plan),
        reusedTokens,
        queryTokens: plan.queryTokens,
        queryTruncated: plan.queryTruncated,
        blocks: plan.jobs.length,
        overflow: plan.overflow,
        milliseconds: {
          queue: queued - begin,
          tokens: planned - queued,
          states: computed - planned,
          score: end - computed,
          total: end - begin,
        },
      },
    };
  }

  async #states(
    plan: Plan,
    request: RerankRequest,
    signal: AbortSignal,
  ): Promise<{ states: Float32Array[]; reusedTokens: number }> {
    const total = totalTokens(plan);
    const states: Float32Array[] = [];
    let reusedTokens = 0;
    let before = 0;
    for (const job of plan.jobs) {
      const { repeated = 0 } = job;
      const report = (tokens: number) =>
        request.onProgress?.({ stage: 'states', done: before + Math.max(tokens - repeated, 0), total });
      const output = await this.#engine.states(job, signal, request.onProgress && report);
      states.push(output.states);
      reusedTokens += Math.max(output.reusedTokens - repeated, 0);
      before += job.tokens.length - repeated;
    }
    return { states, reusedTokens };
  }

  /**
   * Tokens of each text on its own, as this model's tokenizer counts them, without running the model.
   *
   * @throws RerankError INVALID_ARGUMENT, TEXT_TOO_LARGE, DISPOSED
   */
  async countTokens(texts: readonly string[]): Promise<number[]> {
    this.#closing.signal.throwIfAborted();
    if (!Array.isArray(texts))
      throw new RerankError('INVALID_ARGUMENT', `texts: expected an array of strings, got ${typeof texts}`);
    const checked = Array.from(texts, (text, i) => checkText(text, `texts[${i}]`).normalize('NFC'));
    return (await (this.#family.tokenizer ?? this.#engine.tokenizer).tokenize(checked)).map((ids) => ids.length);
  }

  /**
   * Rejects waiting and running calls with DISPOSED, then frees the model. Idempotent: every call gives the same promise.
   */
  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#closing.abort(new RerankError('DISPOSED', 'this reranker was disposed; load it again'));
    await this.#engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Opens a model file, checks it and decides how it reranks, before llama.cpp sees it. */
async function openChecked(
  path: string,
  { sha256, head, signal }: LoadOptions,
  known: KnownModel | undefined,
): Promise<{ file: ModelFile; choice: FamilyChoice }> {
  const file = await openModelFile(path);
  try {
    if (sha256 !== undefined) await expectChecksum(file, sha256, signal);
    const checked = await checkModel(file);
    if (checked.trailingBytes > 0) {
      process.emitWarning(`${path}: ${checked.trailingBytes} bytes at its end belong to nothing`, 'LlamaRerankWarning');
    }
    const choice = await chooseFamily({ model: checked, file, head, known });
    signal?.throwIfAborted();
    return { file, choice };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function totalTokens(plan: Plan): number {
  return plan.jobs.reduce((sum, { tokens, repeated = 0 }) => sum + tokens.length - repeated, 0);
}

function timedOut(milliseconds: number): RerankError {
  return new RerankError('TIMEOUT', `the call took longer than its timeout of ${milliseconds} ms`);
}

function emptyUsage(): Usage {
  return {
    totalTokens: 0,
    reusedTokens: 0,
    queryTokens: 0,
    queryTruncated: false,
    blocks: 0,
    overflow: 'none',
    milliseconds: { queue: 0, tokens: 0, states: 0, score: 0, total: 0 },
  };
}
