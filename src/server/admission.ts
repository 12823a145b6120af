import { HttpError } from './errors.js';

const LONGEST_RETRY = 60;

/** Counts requests that wait or run, and turns away those beyond the limit. */
export class Admission {
  #depth = 0;
  /** Seconds that a request takes, averaged over the last few. */
  #seconds = 1;

  constructor(readonly limit: number) {}

  get depth(): number {
    return this.#depth;
  }

  /** @throws HttpError 429, with the time in which about half of those before will be done */
  check(): void {
    if (this.#depth < this.limit) return;
    const wait = Math.ceil(Math.min(LONGEST_RETRY, (this.#seconds * this.#depth) / 2));
    throw new HttpError(429, 'RATE_CONCURRENCY_LIMIT_EXCEEDED', `${this.#depth} requests are waiting; try again later`, {
      headers: { 'retry-after': String(Math.max(1, wait)) },
    });
  }

  /** Takes a place; the function that comes back gives it up. */
  enter(): () => void {
    this.check();
    this.#depth++;
    return () => {
      this.#depth--;
    };
  }

  /** Learns how long a request took to compute. */
  took(milliseconds: number): void {
    this.#seconds += (milliseconds / 1000 - this.#seconds) / 8;
  }
}
