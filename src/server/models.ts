import { abortable } from '../abortable.js';
import { type Progress, RerankError, Reranker } from '../index.js';
import { HttpError } from './errors.js';
import type { ModelEvents } from './model-log.js';
import type { ServedModel, ServedReranker, Settings } from './options.js';

/** Not to be sent again by a balancer, since it may have been the request that did it; those behind it may. */
const CRASHED = "the process that runs the model ended while it computed this; the server's log says why. It is started again";
const NOT_BEGUN = 'the process that runs the model ended before this was begun, and is started again; try again';

type ModelSettings = Pick<Settings, 'models' | 'load' | 'loadOptions' | 'strictModel' | 'idleTimeout'>;

/** The models of a server by name: loaded once for all who wait, unloaded when nobody asks. */
export class Models {
  readonly list: readonly Model[];
  readonly #strict: boolean;
  readonly #closing = new AbortController();

  constructor(settings: ModelSettings, events: ModelEvents) {
    this.#strict = settings.strictModel || settings.models.length > 1;
    this.list = settings.models.map(
      (served, i) =>
        new Model(served, { ...settings, idleTimeout: i === 0 ? 0 : settings.idleTimeout }, this.#closing.signal, events),
    );
  }

  get first(): Model {
    return this.list[0] as Model;
  }

  /**
   * The model of that name. With a single model any name means it, unless `strictModel`; without a name it is the first.
   *
   * @throws HttpError 404
   */
  find(name: string | null | undefined): Model {
    if (name === undefined || name === null || name === '') return this.first;
    const found = this.list.find((model) => model.name === name) ?? (this.#strict ? undefined : this.first);
    if (found) return found;
    const names = this.list.map((model) => model.name).join(', ');
    throw new HttpError(404, 'INPUT_MODEL_NOT_FOUND', `model not found. Available models: ${names}`);
  }

  /** Stops loading and frees all models. */
  async close(): Promise<void> {
    this.#closing.abort(new HttpError(503, 'SERVICE_UNAVAILABLE', 'the server is shutting down'));
    await Promise.all(this.list.map((model) => model.unload()));
  }
}

export class Model {
  readonly name: string;
  readonly created = Math.floor(Date.now() / 1000);
  #loading: Promise<ServedReranker> | undefined;
  #loaded: ServedReranker | undefined;
  #users = 0;
  #crash: unknown;
  #idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly served: ServedModel,
    private readonly settings: ModelSettings,
    private readonly closing: AbortSignal,
    private readonly events: ModelEvents,
  ) {
    this.name = served.name;
  }

  /** What is known of it while it is loaded. */
  get info(): ServedReranker['model'] | undefined {
    return this.#loaded?.model;
  }

  /** The models of a cascade, as the server was told them. */
  get stages(): readonly string[] | undefined {
    return this.served.stages;
  }

  get isLoading(): boolean {
    return this.#loading !== undefined && this.#loaded === undefined;
  }

  /** Loads it unless that was done, or is being done for others. A load that fails is tried again by the next call. */
  load(): Promise<ServedReranker> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<ServedReranker> {
    try {
      this.closing.throwIfAborted();
      const { load, loadOptions } = this.settings;
      const { model, stages, keep } = this.served;
      const onProgress = (progress: Progress) => this.events.progress(this.name, progress);
      const options = { onProgress, ...loadOptions, signal: this.closing };
      const begin = performance.now();
      const cascade = { ...options, ...(keep === undefined ? {} : { keep }) };
      const reranker = stages ? await Reranker.loadCascade(stages, cascade) : await load(model, options);
      this.#loaded = reranker;
      this.events.loaded(this.name, performance.now() - begin);
      return reranker;
    } catch (error) {
      this.#loading = undefined;
      if (!this.closing.aborted) this.events.failed(this.name, error);
      throw error;
    }
  }

  /** Runs `work` with the model, which stays loaded meanwhile. */
  async use<T>(signal: AbortSignal, work: (reranker: ServedReranker) => Promise<T>): Promise<T> {
    this.#users++;
    clearTimeout(this.#idle);
    try {
      const reranker = await abortable(this.load(), signal);
      return await work(reranker).catch((error) => this.#failed(reranker, error));
    } finally {
      this.#users--;
      this.#watch();
    }
  }

  #watch(): void {
    const { idleTimeout } = this.settings;
    if (this.#users > 0 || idleTimeout === 0 || !this.#loaded) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.unload(), idleTimeout).unref();
  }

  #failed(reranker: ServedReranker, error: unknown): never {
    const code = error instanceof RerankError ? error.code : undefined;
    if (code === 'GPU_FAILED') this.#reload();
    if (code !== 'WORKER_CRASHED') throw error;
    // The calls of a process have one error, and the oldest of them, which was running, hears of it first.
    if (error === this.#crash) throw new HttpError(503, 'SERVICE_UNAVAILABLE', NOT_BEGUN, { headers: { 'retry-after': '1' } });
    this.#crash = error;
    this.#restart(reranker);
    throw new HttpError(500, code, CRASHED, { cause: error });
  }

  /** Starts the process again at once, and sees whether it ranks at all. Where it does not, all of the model is loaded anew. */
  #restart(reranker: ServedReranker): void {
    reranker.rerank('is it well?', ['it is']).catch(() => {
      if (this.#loaded === reranker) this.#reload();
    });
  }

  /** A device that failed once is not trusted again. */
  #reload(): void {
    if (!this.#loaded) return;
    void this.unload();
    this.load().catch(() => {});
  }

  /** Frees it; calls that run are rejected. */
  async unload(): Promise<void> {
    clearTimeout(this.#idle);
    const loading = this.#loading;
    this.#loading = undefined;
    this.#loaded = undefined;
    const reranker = await loading?.catch(() => undefined);
    await reranker?.dispose();
  }
}
