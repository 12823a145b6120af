import type { ModelInfo, Ranker, RerankOptions, RerankResponse } from '../../src/index.js';
import { emptyUsage } from '../../src/usage.js';
import { MODEL } from '../cli/fake-shell.js';

export interface FakeRanker extends Ranker {
  /** What it was asked, in order. */
  readonly calls: { query: string; documents: readonly string[]; options: RerankOptions }[];
  /** When calls were stopped, as `performance.now()` counts. */
  readonly stopped: number[];
  disposed: number;
  /** Milliseconds a token takes from now on. */
  pace: number;
}

export interface FakeRankerOptions {
  model?: Partial<ModelInfo>;
  score?: (text: string) => number;
  /** Milliseconds a token takes: 0 answers at once. */
  pace?: number;
  /** Tokens of a micro-batch: a call that is aborted stops when it ends. */
  microBatch?: number;
  /** Tokens of a prompt besides its documents. */
  around?: number;
  onCall?: () => void;
}

/** Words are tokens; the score is the number in a text unless `score` says another. One call at a time, in order. */
export function fakeRanker(options: FakeRankerOptions = {}): FakeRanker {
  const { score = (text) => Number(/-?[\d.]+/.exec(text)?.[0] ?? 0), microBatch = 10, around = 0, onCall } = options;
  let last: Promise<unknown> = Promise.resolve();
  const fake = {
    model: { ...MODEL, family: 'pairwise' as const, accepts: { options: [], overflows: [] }, ...options.model },
    calls: [] as FakeRanker['calls'],
    stopped: [] as number[],
    disposed: 0,
    pace: options.pace ?? 0,
    get scoreKind() {
      return this.model.scoreKind;
    },
    countTokens: async (texts: readonly string[]) => texts.map((text) => text.split(' ').length),
    embedDocuments: async (documents: readonly unknown[]) => documents.map(() => Float32Array.of(1)),
    async dispose() {
      fake.disposed++;
    },
    [Symbol.asyncDispose]: () => fake.dispose(),
    async rerank(query: string, documents: readonly string[], callOptions: RerankOptions = {}): Promise<RerankResponse> {
      const begin = performance.now();
      fake.calls.push({ query, documents, options: callOptions });
      const before = last;
      let leave = (): void => {};
      const own = new Promise<void>((resolve) => {
        leave = resolve;
      });
      last = Promise.all([before, own]);
      try {
        await unlessAborted(before, callOptions.signal);
        const queue = performance.now() - begin;
        onCall?.();
        const totalTokens = documents.reduce((sum, text) => sum + text.split(' ').length, around);
        await compute(totalTokens, callOptions);
        const results = documents
          .map((document, index) => ({ index, relevanceScore: score(document), document, truncated: false }))
          .sort((a, b) => b.relevanceScore - a.relevanceScore || a.index - b.index);
        const usage = { ...emptyUsage(), totalTokens, queryTokens: query.split(' ').length, blocks: 1 };
        const total = performance.now() - begin;
        return { results, usage: { ...usage, milliseconds: { ...usage.milliseconds, queue, states: total - queue, total } } };
      } finally {
        leave();
      }
    },
  };
  async function compute(tokens: number, { signal, onProgress }: RerankOptions): Promise<void> {
    signal?.throwIfAborted();
    for (let done = 0; done < tokens && fake.pace > 0; done += microBatch) {
      const size = Math.min(microBatch, tokens - done);
      await new Promise((resolve) => setTimeout(resolve, size * fake.pace));
      if (signal?.aborted) fake.stopped.push(performance.now());
      signal?.throwIfAborted();
      onProgress?.({ stage: 'states', done: done + size, total: tokens });
    }
  }
  return fake as unknown as FakeRanker;
}

/** A call that waits leaves the queue at once. */
function unlessAborted(before: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    before.then(resolve);
  });
}
