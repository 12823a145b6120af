/** Runs tasks one after the other, in order. A task that is aborted while it waits never runs. */
export class Queue {
  #waiting: (() => void)[] = [];
  #running = false;

  /**
   * @param signal rejects with its reason; a running task has to watch it itself
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== start);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener('abort', leave);
        task()
          .then(resolve, reject)
          .finally(() => {
            this.#running = false;
            this.#next();
          });
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(start);
      this.#next();
    });
  }

  #next(): void {
    if (this.#running) return;
    const start = this.#waiting.shift();
    if (!start) return;
    this.#running = true;
    start();
  }
}
