import type { EvalRanker } from './ranker.js';
import type { Task } from './task.js';

/** Documents of one call. */
const CHUNK = 128;

/**
 * Embeddings of a task's documents, each computed once. The documents of one call are the same however far an earlier run came, since what
 * is computed together moves the last digits: so a run that is resumed gives the same scores. Embeddings that no later query needs are freed.
 */
export class EmbeddedDocuments {
  readonly #ranker: EvalRanker;
  readonly #texts: Task['texts'];
  readonly #ids: readonly string[];
  readonly #places = new Map<string, number>();
  /** Queries to come that need a document. */
  readonly #uses = new Map<string, number>();
  readonly #vectors = new Map<string, Float32Array>();

  constructor(ranker: EvalRanker, { queries, texts }: Task) {
    this.#ranker = ranker;
    this.#texts = texts;
    for (const id of queries.flatMap(({ documents }) => documents)) {
      this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
      if (!this.#places.has(id)) this.#places.set(id, this.#places.size);
    }
    this.#ids = [...this.#places.keys()];
  }

  /** Embeddings of a query's documents, in their order. */
  async of(documents: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const missing = documents.filter((id) => !this.#vectors.has(id));
    for (const chunk of new Set(missing.map((id) => Math.floor((this.#places.get(id) as number) / CHUNK)))) {
      const ids = this.#ids.slice(chunk * CHUNK, (chunk + 1) * CHUNK);
      const texts = ids.map((id) => ({ id, text: this.#texts.get(id) as string }));
      const vectors = await this.#ranker.embedDocuments(texts, signal ? { signal } : {});
      for (const [i, id] of ids.entries()) if (this.#uses.has(id)) this.#vectors.set(id, vectors[i] as Float32Array);
    }
    return documents.map((id) => this.#vectors.get(id) as Float32Array);
  }

  /** A query is done. */
  release(documents: readonly string[]): void {
    for (const id of documents) {
      const left = (this.#uses.get(id) as number) - 1;
      if (left > 0) this.#uses.set(id, left);
      else {
        this.#uses.delete(id);
        this.#vectors.delete(id);
      }
    }
  }
}
