// The main process's side of search-process.mjs: starts it on first use and again after a crash, and keeps promises for its answers.

/**
 * @typedef {object} Child what `utilityProcess.fork` gives
 * @property {(message: unknown) => void} postMessage
 * @property {(event: 'message' | 'exit', listener: (value: any) => void) => unknown} on
 * @property {() => unknown} kill
 */

export class SearchService {
  #fork;
  /** @type {Child | undefined} */
  #child;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: unknown) => void }>} */
  #pending = new Map();
  #count = 0;
  /** @type {string | undefined} */
  #folder;

  /** @param {() => Child} fork */
  constructor(fork) {
    this.#fork = fork;
  }

  /** @param {string} folder */
  open(folder) {
    this.#folder = folder;
    return this.#call('open', folder);
  }

  /** @param {string} query */
  async search(query) {
    // A new process has read nothing yet.
    if (!this.#child && this.#folder !== undefined) await this.#call('open', this.#folder);
    return this.#call('search', query);
  }

  stop() {
    this.#child?.kill();
  }

  /**
   * @param {string} method
   * @param {unknown[]} params
   */
  #call(method, ...params) {
    const child = this.#child ?? this.#start();
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      child.postMessage({ id, method, params });
    });
  }

  #start() {
    const child = this.#fork();
    this.#child = child;
    child.on('message', ({ id, result, error }) => {
      const call = this.#pending.get(id);
      this.#pending.delete(id);
      if (error) call?.reject(Object.assign(new Error(error.message), error));
      else call?.resolve(result);
    });
    child.on('exit', (code) => {
      this.#child = undefined;
      const calls = [...this.#pending.values()];
      this.#pending.clear();
      const error = Object.assign(new Error(`the search process has ended (${code}): search again`), { code: 'PROCESS_ENDED' });
      for (const { reject } of calls) reject(error);
    });
    return child;
  }
}
