import { fileURLToPath } from 'node:url';
import { type Limits, withDeadline } from './deadline.js';
import type { NativeDevice } from './engine/addon.js';
import { Engine } from './engine/engine.js';
import { callSafely } from './engine/failure.js';
import { chooseDevice, type OpenLibrary, openLibrary } from './engine/library.js';
import { cacheBytesPerToken, defaultMemoryBudget } from './engine/memory.js';
import { RerankError } from './errors.js';
import type { Family, Plan, RerankRequest } from './family.js';
import { findByFile, readCatalog } from './files/catalog.js';
import { resolveModel } from './files/resolve.js';
import type { FamilyChoice } from './models/candidate.js';
import { openChecked } from './models/open.js';
import { type RequestRules, readEmbedRequest, readKernels, readLoadOptions, readRequest, readTexts } from './options.js';
import { rank } from './ranking.js';
import { expectEmbeddings, expectFinite } from './similarity/embeddings.js';
import type {
  EmbedOptions,
  LoadOptions,
  ModelInfo,
  Progress,
  Ranker,
  RerankOptions,
  RerankResponse,
  RerankResult,
  ScoreKind,
} from './types.js';
import { emptyUsage, Stopwatch, totalTokens, usageOf } from './usage.js';

const STARTER = fileURLToPath(new URL('../gguf/all-MiniLM-L6-v2-Q8_0.gguf', import.meta.url));

/** The name of the model that comes along. */
const STARTER_NAME = 'starter';

/** A model loaded into this process: what `Reranker.load` makes unless it was asked for another one. */
export class LocalReranker implements Ranker {
  readonly model: Readonly<ModelInfo>;
  readonly scoreKind: ScoreKind;
  readonly #engine: Engine;
  readonly #family: Family;
  readonly #capacity: number;
  readonly #closing = new AbortController();
  #disposed: Promise<void> | undefined;

  static async open(model: string = STARTER_NAME, options: LoadOptions = {}): Promise<LocalReranker> {
    const settings = readLoadOptions(options);
    settings.signal?.throwIfAborted();
    const progress = (value: Progress) => callSafely(settings.onProgress, value);
    const { path, head, known } = await resolveModel(model === STARTER_NAME ? STARTER : model, {
      ...settings,
      onProgress: progress,
    });
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
        return new LocalReranker(engine, choice, path, settings, library, device);
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
    { head, prefixes, flashAttention = true, open }: FamilyChoice,
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
      flashAttention: settings.flashAttention && flashAttention,
      kernels: readKernels(),
      kvCacheType: settings.kvCacheType,
      maxTokens: Math.max(this.#capacity, 1),
    });
    this.model = Object.freeze({
      path,
      head,
      family: family.name,
      scoreKind: family.scoreKind,
      prefixes,
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
      accepts: { options: family.options, overflows: family.overflows },
    });
  }

  /** How calls are checked, for a parent process that checks them in its own. */
  get rules(): RequestRules & { embeddings: boolean } {
    const { defaults, name, options, overflows, embeddings } = this.#family;
    return { defaults, name, options, overflows, embeddings: embeddings !== undefined };
  }

  async rerank<T>(query: string, documents: readonly T[], options: RerankOptions<T> = {}): Promise<RerankResponse<T>> {
    const watch = new Stopwatch();
    this.#closing.signal.throwIfAborted();
    const { request, documents: list } = readRequest(query, documents, options, this.#family);
    request.signal?.throwIfAborted();
    if (list.length === 0) return { results: [], usage: emptyUsage() };

    return this.#inTurn(request, async (signal) => {
      watch.end('queue');
      const plan = await this.#family.plan(request, this.#engine.tokenizer, this.#capacity, signal);
      watch.end('tokens');
      const { states, reusedTokens } = await this.#states(plan, request.onProgress, signal);
      watch.end('states');
      const scored = await this.#family.score(plan, states);
      const results = rank(list, scored, plan.truncated, request) as RerankResult<T>[];
      watch.end('score');
      return { results, usage: usageOf(plan, reusedTokens, watch) };
    });
  }

  async embedDocuments<T>(documents: readonly T[], options: EmbedOptions<T> = {}): Promise<Float32Array[]> {
    this.#closing.signal.throwIfAborted();
    const embeddings = expectEmbeddings(this.#family);
    const request = readEmbedRequest(documents, options);
    request.signal?.throwIfAborted();
    if (request.texts.length === 0) return [];

    return this.#inTurn(request, async (signal) => {
      const plan = await embeddings.plan(request.texts, this.#engine.tokenizer, this.#capacity, signal);
      const { states } = await this.#states(plan, request.onProgress, signal);
      return expectFinite(await embeddings.vectors(plan, states));
    });
  }

  /** When all earlier calls are done, and until something ends the call. */
  #inTurn<R>(limits: Limits, task: (signal: AbortSignal) => Promise<R>): Promise<R> {
    return withDeadline(limits, this.#closing.signal, (signal) => this.#engine.run(() => task(signal), signal));
  }

  async #states(
    plan: Plan,
    onProgress: RerankRequest['onProgress'],
    signal: AbortSignal,
  ): Promise<{ states: Float32Array[]; reusedTokens: number }> {
    const total = totalTokens(plan);
    const states: Float32Array[] = [];
    let reusedTokens = 0;
    let before = 0;
    for (const job of plan.jobs) {
      const { repeated = 0 } = job;
      const report = (tokens: number) => onProgress?.({ stage: 'states', done: before + Math.max(tokens - repeated, 0), total });
      const output = await this.#engine.states(job, signal, onProgress && report);
      states.push(output.states);
      reusedTokens += Math.max(output.reusedTokens - repeated, 0);
      before += job.tokens.length - repeated;
    }
    return { states, reusedTokens };
  }

  async countTokens(texts: readonly string[]): Promise<number[]> {
    this.#closing.signal.throwIfAborted();
    const checked = readTexts(texts);
    return (await (this.#family.tokenizer ?? this.#engine.tokenizer).tokenize(checked)).map((ids) => ids.length);
  }

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
