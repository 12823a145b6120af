import { setTimeout } from 'node:timers/promises';
import { abortable } from '../abortable.js';
import { isRefusal, unavailable } from './connection.js';

/** Milliseconds before a command that found no server is given again, and between two remarks about that. */
const AGAIN = 500;
const QUIET = 10_000;

/** Commands to a server that may be gone for a while. */
export class Patience {
  readonly #redis: string;
  readonly #signal: AbortSignal;
  readonly #onNotice: ((notice: string) => void) | undefined;
  #noted: number | undefined;

  constructor(redis: string, signal: AbortSignal, onNotice: ((notice: string) => void) | undefined) {
    this.#redis = redis;
    this.#signal = signal;
    this.#onNotice = onNotice;
  }

  /**
   * Gives a command again until there is a server that takes it: it must be one that may be given twice.
   *
   * @throws RerankError QUEUE_UNAVAILABLE if the server refuses it; the signal's reason
   */
  async persist<T>(command: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.unlessEnded(command());
      } catch (error) {
        this.#signal.throwIfAborted();
        if (isRefusal(error)) throw unavailable(this.#redis, error);
        this.note(error as Error);
        await setTimeout(AGAIN);
      }
    }
  }

  /** The promise's value, or the signal's reason once it is aborted. */
  unlessEnded<T>(promise: Promise<T>): Promise<T> {
    return abortable(promise, this.#signal);
  }

  /** Says that the server is gone, if it was not said just now. */
  note({ message }: Error): void {
    if (this.#noted !== undefined && performance.now() - this.#noted < QUIET) return;
    this.#noted = performance.now();
    this.#onNotice?.(`Redis: ${message}; trying again`);
  }
}
