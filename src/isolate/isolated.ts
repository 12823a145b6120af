import { stat } from 'node:fs/promises';
import { abortable } from '../abortable.js';
import { type Limits, withDeadline } from '../deadline.js';
import { callSafely } from '../engine/failure.js';
import { logLevel } from '../engine/library.js';
import { RerankError } from '../errors.js';
import { tellOnce } from '../files/notice.js';
import { readEmbedRequest, readLoadOptions, readRequest, readTexts } from '../options.js';
import { expectEmbeddings } from '../similarity/embeddings.js';
import type { EmbedOptions, LoadOptions, ModelInfo, Ranker, RerankOptions, RerankResponse, ScoreKind } from '../types.js';
import { emptyUsage } from '../usage.js';
import { forkChannel, type Launch } from './channel.js';
import { crashError } from './crash.js';
import { findUtilityProcesses, utilityLaunch } from './electron.js';
import { surroundings } from './launch.js';
import type { Calls, Loaded, WireLoadOptions } from './protocol.js';
import { type Clock, Restarts } from './restart.js';
import { packVectors, unpackVectors } from './vectors.js';
import { type CallOptions, Worker } from './worker.js';

type Settings = ReturnType<typeof readLoadOptions>;

/** Starts a process and loads the model in it. */
type Start = (options: WireLoadOptions, limits: Pick<CallOptions, 'signal' | 'onProgress'>) => Promise<Running>;

interface Running {
  readonly worker: Worker;
  readonly loaded: Loaded;
}

/** A model in a process of its own: what ends that process does not end this one. */
export class IsolatedReranker implements Ranker {
  readonly #start: Start;
  readonly #options: WireLoadOptions;
  readonly #file: string;
  readonly #restarts: Restarts;
  readonly #closing = new AbortController();
  #loaded: Loaded;
  #worker: Promise<Worker> | undefined;
  #disposed: Promise<void> | undefined;

  static async open(
    model?: string,
    options: LoadOptions = {},
    { launch, clock }: { launch?: Launch; clock?: Clock } = {},
  ): Promise<IsolatedReranker> {
    const settings = readLoadOptions(options);
    const { signal = new AbortController().signal, onProgress, onNotice, isolate, ...wire } = settings;
    signal.throwIfAborted();
    const start = starter(model, settings, launch ?? (await defaultLaunch()));
    const running = await start(wire, { signal, onProgress });
    try {
      return new IsolatedReranker(start, wire, running, await identify(running.loaded.model.path), new Restarts(clock));
    } catch (error) {
      await running.worker.kill();
      throw error;
    }
  }

  private constructor(start: Start, options: WireLoadOptions, { worker, loaded }: Running, file: string, restarts: Restarts) {
    this.#start = start;
    this.#options = options;
    this.#file = file;
    this.#restarts = restarts;
    this.#loaded = loaded;
    this.#use(Promise.resolve(worker));
  }

  get model(): Readonly<ModelInfo> {
    return this.#loaded.model;
  }

  get scoreKind(): ScoreKind {
    return this.#loaded.scoreKind;
  }

  async rerank<T>(query: string, documents: readonly T[], options: RerankOptions<T> = {}): Promise<RerankResponse<T>> {
    const begin = performance.now();
    this.#closing.signal.throwIfAborted();
    const { request, documents: list } = readRequest(query, documents, options, this.#loaded.rules);
    const { query: checkedQuery, texts, documentEmbeddings, timeout, signal, onProgress, ...rest } = request;
    signal?.throwIfAborted();
    if (list.length === 0) return { results: [], usage: emptyUsage() };

    const packed = documentEmbeddings && packVectors(documentEmbeddings);
    const ask = { query: checkedQuery, request: { ...rest, documentEmbeddings: packed } };
    const { results, usage } = await this.#call('rerank', ask, { timeout, signal }, { texts, onProgress });
    for (const result of results) (result as { document: unknown }).document = list[result.index];
    const milliseconds = { ...usage.milliseconds, total: performance.now() - begin };
    milliseconds.queue += milliseconds.total - usage.milliseconds.total;
    return { results: results as unknown as RerankResponse<T>['results'], usage: { ...usage, milliseconds } };
  }

  async embedDocuments<T>(documents: readonly T[], options: EmbedOptions<T> = {}): Promise<Float32Array[]> {
    this.#closing.signal.throwIfAborted();
    const { name, embeddings } = this.#loaded.rules;
    expectEmbeddings({ name, embeddings: embeddings || undefined });
    const { texts, timeout, signal, onProgress } = readEmbedRequest(documents, options);
    signal?.throwIfAborted();
    if (texts.length === 0) return [];
    return unpackVectors(await this.#call('embed', {}, { timeout, signal }, { texts, onProgress }));
  }

  async countTokens(texts: readonly string[]): Promise<number[]> {
    this.#closing.signal.throwIfAborted();
    const none = { timeout: undefined, signal: undefined };
    return this.#call('count', {}, none, { texts: readTexts(texts), onProgress: undefined });
  }

  #call<K extends keyof Calls>(
    type: K,
    ask: Calls[K]['ask'],
    limits: Limits,
    options: Omit<CallOptions, 'signal'>,
  ): Promise<Calls[K]['answer']> {
    return withDeadline(limits, this.#closing.signal, async (signal) => {
      const worker = await abortable(this.#running(), signal);
      const answer = await worker.call(type, ask, { ...options, signal });
      this.#restarts.worked();
      return answer;
    });
  }

  /** The process that runs, or that is being started: all calls that come meanwhile wait for the same one. */
  #running(): Promise<Worker> {
    return this.#worker ?? this.#use(this.#restart());
  }

  #use(starting: Promise<Worker>): Promise<Worker> {
    const forget = () => {
      if (this.#worker === starting) this.#worker = undefined;
    };
    this.#worker = starting;
    starting.then(async (worker) => {
      const crash = await worker.ended;
      forget();
      if (!this.#closing.signal.aborted) this.#restarts.crashed(crash);
    }, forget);
    return starting;
  }

  async #restart(): Promise<Worker> {
    const { signal } = this.#closing;
    await this.#restarts.turn(signal);
    const { path, contextSize } = this.model;
    // What the memory allowed the first time, so that lists are split as before. (Smaller ones are no valid option.)
    const options = contextSize < 64 ? this.#options : { ...this.#options, contextSize };
    const { worker, loaded } = await this.#start(options, { signal, onProgress: undefined }).catch((error) => {
      if (error instanceof RerankError && error.code === 'WORKER_CRASHED') this.#restarts.crashed(error);
      throw error;
    });
    if ((await identify(loaded.model.path)) !== this.#file) {
      await worker.kill();
      throw new RerankError(
        'MODEL_CHANGED',
        `${path}: expected the file that was loaded first, found another one as the process of this reranker was started again. Load it again`,
      );
    }
    this.#loaded = loaded;
    return worker;
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    const worker = this.#worker;
    this.#closing.abort(new RerankError('DISPOSED', 'this reranker was disposed; load it again'));
    // A start that is under way is given up by the same signal, and has ended its process itself.
    await worker?.then(
      (running) => running.end(),
      () => {},
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

async function defaultLaunch(): Promise<Launch> {
  const found = await findUtilityProcesses();
  return found ? utilityLaunch(found) : forkChannel;
}

function starter(model: string | undefined, { onNotice }: Settings, launch: Launch): Start {
  const around = surroundings();
  const tell = onNotice && ((notice: string) => callSafely(onNotice, notice));
  return async (options, limits) => {
    const level = logLevel();
    let worker: Worker;
    try {
      worker = new Worker(launch({ ...around, showStderr: level > 0 }), (notice) => tellOnce(notice, tell));
    } catch (error) {
      throw crashError({ how: `the error ${(error as Error).message}, before it was started`, lines: [] });
    }
    try {
      const loaded = await worker.call('load', { model, options, logLevel: level }, limits);
      return { worker, loaded: { ...loaded, model: Object.freeze(loaded.model) } };
    } catch (error) {
      await worker.kill();
      throw error;
    }
  };
}

/** Which file it is: a restart must not go on with another one, whose scores would differ. */
async function identify(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs].join(':');
}
