import { setTimeout } from 'node:timers/promises';
import { RerankError } from '../errors.js';
import { NEXT } from './crash.js';

/** Crashes in a row after which a process is not started again. */
export const MOST_CRASHES = 3;
/** Milliseconds between the first crash and the next start; twice as many after the second. */
const PAUSE = 250;

export interface Clock {
  now(): number;
  /** @throws once the signal is aborted */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
};

/** Whether and when a process that crashed is started again. A call that works in between makes good for all crashes before. */
export class Restarts {
  readonly #clock: Clock;
  #crashes = 0;
  #last = 0;
  #error: RerankError | undefined;

  constructor(clock: Clock = realClock) {
    this.#clock = clock;
  }

  crashed(error: RerankError): void {
    this.#crashes++;
    this.#last = this.#clock.now();
    this.#error = error;
  }

  worked(): void {
    this.#crashes = 0;
  }

  /**
   * Waits until it may be started: 250 ms after the first crash, 500 ms after the second, counted from the crash.
   *
   * @throws RerankError WORKER_CRASHED after the third
   */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.#crashes >= MOST_CRASHES) {
      throw new RerankError(
        'WORKER_CRASHED',
        `the process of this reranker crashed ${MOST_CRASHES} times in a row without a call that worked in between, and is not started again. ` +
          `Load the model again with Reranker.load() when the cause is mended. The last time: ${this.#error?.message.replace(NEXT, '')}`,
        { cause: this.#error },
      );
    }
    if (this.#crashes === 0) return;
    const wait = this.#last + PAUSE * 2 ** (this.#crashes - 1) - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(wait, signal);
  }
}
