import type { Job } from '../family.js';
import type { ModelFile } from '../files/model-file.js';
import type { DenseLayer, NativeContext, NativeContextOptions, NativeModelInfo, NativeModelOptions } from './addon.js';
import { callSafely, failure } from './failure.js';
import type { OpenLibrary } from './library.js';
import { Queue } from './queue.js';
import { NativeTokenizer } from './tokenizer.js';
import { openWeights, type Weights } from './weights.js';

export interface States {
  states: Float32Array;
  reusedTokens: number;
}

/** One loaded model with its inference thread: runs jobs in order, aborts them, closes. */
export class Engine {
  readonly tokenizer: NativeTokenizer;
  readonly #library: OpenLibrary;
  readonly #weights: Weights;
  readonly #queue = new Queue();
  #context: NativeContext | undefined;

  /** @param file is closed by it, at the latest when the engine is */
  static async open(
    library: OpenLibrary,
    file: ModelFile,
    options: NativeModelOptions,
    onProgress: ((fraction: number) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Engine> {
    return new Engine(library, await openWeights(library, file, options, onProgress, signal));
  }

  private constructor(library: OpenLibrary, weights: Weights) {
    this.#library = library;
    this.#weights = weights;
    this.tokenizer = new NativeTokenizer(weights.model);
  }

  get info(): NativeModelInfo {
    return this.#weights.info;
  }

  /** Dense layers as one function of rows of `width` numbers, computed off the JavaScript thread. */
  head(width: number, layers: readonly DenseLayer[]): (states: Float32Array) => Promise<Float32Array> {
    const head = new this.#library.addon.Head(this.#weights.model, width, layers);
    return (states) =>
      head.apply(states).catch((error) => {
        throw failure(error);
      });
  }

  /** `count` numbers of a tensor's bytes, of a type as GGUF files name it. */
  dequantize(type: string, bytes: Uint8Array, count: number): Float32Array {
    try {
      return this.#library.addon.dequantize(type, bytes, count);
    } catch (error) {
      throw failure(error);
    }
  }

  /** Makes the thread that `states` uses. Its llama_context is made by the first job, as large as the job needs. */
  start(options: NativeContextOptions): void {
    this.#context = new this.#library.addon.Context(this.#weights.model, options);
  }

  /** Runs `task` when all earlier tasks are done. One that is aborted while it waits never runs. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#queue.run(task, signal);
  }

  /** Hidden states of one job, raw. Only from within `run`. */
  async states(job: Job, signal: AbortSignal, onProgress?: (tokens: number) => void): Promise<States> {
    const context = this.#context as NativeContext;
    signal.throwIfAborted();
    const abort = () => context.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await this.#weights.expectUnchanged();
      return await context.run(job, onProgress ? (tokens) => callSafely(onProgress, tokens) : null);
    } catch (error) {
      throw failure(error, signal);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Frees context and weights. Callers abort what is running first. */
  async close(): Promise<void> {
    await this.#context?.close();
    await this.#weights.release();
  }
}
