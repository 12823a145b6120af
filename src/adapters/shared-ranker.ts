import { abortable } from '../abortable.js';
import { type Ranker, RerankError } from '../index.js';

/**
 * Whether this is a loaded ranker, where the name of a model may stand too.
 *
 * @throws RerankError INVALID_ARGUMENT: it is neither
 */
export function isRanker(model: string | Ranker | undefined): model is Ranker {
  if (model === undefined || typeof model === 'string') return false;
  if (typeof model?.rerank === 'function') return true;
  throw new RerankError('INVALID_ARGUMENT', `model: expected a name, a file path or a loaded reranker, got ${typeof model}`);
}

/** Loads a model on first use, once for all who ask meanwhile. */
export class SharedRanker {
  readonly #load: (signal: AbortSignal) => Promise<Ranker>;
  #current: Loading | undefined;

  constructor(load: (signal: AbortSignal) => Promise<Ranker>) {
    this.#load = load;
  }

  /**
   * The loaded model. A load that fails is tried again by the next call; one that nobody waits for any more is given up.
   *
   * @throws what `load` threw; the signal's reason when it was aborted; RerankError DISPOSED
   */
  async get(signal?: AbortSignal): Promise<Ranker> {
    signal?.throwIfAborted();
    this.#current ??= this.#begin();
    const loading = this.#current;
    loading.waiting++;
    try {
      return await abortable(loading.ranker, signal);
    } finally {
      loading.waiting--;
      if (loading.waiting === 0 && !loading.done) this.#giveUp(loading, signal?.reason);
    }
  }

  #begin(): Loading {
    const controller = new AbortController();
    const loading: Loading = { controller, ranker: this.#load(controller.signal), waiting: 0, done: false };
    loading.ranker.then(
      () => {
        loading.done = true;
      },
      () => {
        loading.done = true;
        if (this.#current === loading) this.#current = undefined;
      },
    );
    return loading;
  }

  #giveUp(loading: Loading, reason: unknown): void {
    if (this.#current === loading) this.#current = undefined;
    loading.controller.abort(reason);
    // It may be too late to stop it.
    loading.ranker.then(
      (ranker) => ranker.dispose(),
      () => {},
    );
  }

  /** Frees the model: waiting and running calls reject with DISPOSED. The next call loads it again. */
  async dispose(): Promise<void> {
    const loading = this.#current;
    this.#current = undefined;
    if (!loading) return;
    if (!loading.done) loading.controller.abort(new RerankError('DISPOSED', 'the model was disposed while it was loaded'));
    const ranker = await loading.ranker.catch(() => undefined);
    await ranker?.dispose();
  }
}

interface Loading {
  controller: AbortController;
  ranker: Promise<Ranker>;
  waiting: number;
  done: boolean;
}
