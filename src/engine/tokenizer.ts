import { setImmediate } from 'node:timers/promises';
import type { NativeModel } from './addon.js';
import { failure } from './failure.js';

/** Text that is handed over at once: copying it must not hold up the event loop. */
const CHUNK_CHARACTERS = 1 << 18;

/** Tokenizes and detokenizes on the model's own thread. No special token is recognised in a text. */
export class NativeTokenizer {
  readonly #model: NativeModel;

  constructor(model: NativeModel) {
    this.#model = model;
  }

  /** Ids of each text, without the vocabulary's own prefix and suffix. */
  async tokenize(texts: readonly string[], signal?: AbortSignal): Promise<Int32Array[]> {
    const all: Int32Array[] = [];
    for (let begin = 0; begin < texts.length; ) {
      let end = begin;
      for (
        let size = 0;
        end < texts.length && (end === begin || size + (texts[end] as string).length <= CHUNK_CHARACTERS);
        end++
      ) {
        size += (texts[end] as string).length;
      }
      const { ids, lengths } = await this.#model.tokenize(texts.slice(begin, end)).catch((error) => {
        throw failure(error, signal);
      });
      let at = 0;
      for (const length of lengths) {
        all.push(ids.subarray(at, at + length));
        at += length;
      }
      begin = end;
      if (begin < texts.length) await setImmediate();
      signal?.throwIfAborted();
    }
    return all;
  }

  /** Text of each list of ids; a character that the last id cuts in half is left out. */
  async detokenize(ids: readonly Int32Array[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const flat = new Int32Array(ids.reduce((sum, list) => sum + list.length, 0));
    let at = 0;
    for (const list of ids) {
      flat.set(list, at);
      at += list.length;
    }
    return await this.#model
      .detokenize(
        flat,
        Int32Array.from(ids, (list) => list.length),
      )
      .catch((error) => {
        throw failure(error);
      });
  }
}
