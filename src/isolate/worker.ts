import { setImmediate } from 'node:timers/promises';
import { callSafely } from '../engine/failure.js';
import type { RerankError } from '../errors.js';
import type { Progress } from '../types.js';
import type { Channel } from './channel.js';
import { crashError } from './crash.js';
import { type Calls, type FromChild, slices, unpackError } from './protocol.js';

/** Milliseconds in which a child that was asked to end has to. */
const GRACE = 2000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

export interface CallOptions {
  readonly texts?: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** The parent's side of one child process: its calls that are not answered yet, from the start to the end of the process. */
export class Worker {
  /** Fulfils when the process has ended, with what that means for calls. */
  readonly ended: Promise<RerankError>;
  readonly #channel: Channel;
  readonly #pending = new Map<number, Pending>();
  #crash: RerankError | undefined;
  #ids = 0;
  /** Calls are sent one after the other, so that they arrive in order. */
  #sending: Promise<void> = Promise.resolve();

  constructor(channel: Channel, onNotice: (notice: string) => void) {
    this.#channel = channel;
    channel.onMessage((message) => this.#receive(message, onNotice));
    this.ended = new Promise((resolve) => {
      channel.onEnd((end) => {
        this.#crash = crashError(end);
        resolve(this.#crash);
        for (const { reject } of this.#pending.values()) reject(this.#crash);
      });
    });
    channel.hold(false);
  }

  /**
   * @throws RerankError what the child throws; WORKER_CRASHED when it ends before it answers; at once the signal's reason, while the
   *   child stops the work
   */
  call<K extends keyof Calls>(
    type: K,
    ask: Calls[K]['ask'],
    { texts = [], signal, onProgress }: CallOptions,
  ): Promise<Calls[K]['answer']> {
    const id = ++this.#ids;
    const result = new Promise<unknown>((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#crash) throw this.#crash;
      const abort = () => {
        if (!this.#pending.has(id)) return;
        this.#channel.send({ type: 'abort', id });
        this.#settle(id, () => reject(signal.reason));
      };
      const settled = (then: (value: unknown) => void) => (value: unknown) => {
        signal.removeEventListener('abort', abort);
        this.#settle(id, () => then(value));
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#pending.set(id, { resolve: settled(resolve), reject: settled(reject), onProgress });
      this.#channel.hold(true);
      this.#sending = this.#sending
        .then(() => this.#send(id, { type, id, progress: onProgress !== undefined, ...ask }, texts))
        .catch((error) => this.#pending.get(id)?.reject(error));
    });
    return result as Promise<Calls[K]['answer']>;
  }

  async #send(id: number, ask: object, texts: readonly string[]): Promise<void> {
    for (const part of slices(texts)) {
      if (!this.#pending.has(id)) return;
      this.#channel.send({ type: 'texts', id, texts: part });
      if (part.length < texts.length) await setImmediate();
    }
    if (this.#pending.has(id)) this.#channel.send(ask as Parameters<Channel['send']>[0]);
  }

  #settle(id: number, then: () => void): void {
    if (!this.#pending.delete(id)) return;
    if (this.#pending.size === 0) this.#channel.hold(false);
    then();
  }

  #receive(message: FromChild, onNotice: (notice: string) => void): void {
    if (message.type === 'notice') {
      onNotice(message.notice);
      return;
    }
    const call = this.#pending.get(message.id);
    if (message.type === 'progress') callSafely(call?.onProgress, message.progress);
    else if (message.type === 'done') call?.resolve(message.value);
    else call?.reject(unpackError(message.error));
  }

  /** Asks the process to end, and makes it after a while. */
  async end(): Promise<void> {
    if (this.#crash) return;
    this.#channel.hold(true);
    const timer = setTimeout(() => this.#channel.kill(), GRACE);
    this.#channel.send({ type: 'end' });
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    if (this.#crash) return;
    this.#channel.hold(true);
    this.#channel.kill();
    await this.ended;
  }
}
