import type { RerankOptions } from '../../src/index.js';
import { createApp, type RerankApp, type ServedReranker, type ServerOptions } from '../../src/server/index.js';
import { MODEL } from '../cli/fake-shell.js';

export interface FakeCall {
  query: string;
  documents: readonly string[];
  options: RerankOptions<string>;
  /** Why it was stopped. */
  stopped?: unknown;
}

export interface FakeServer {
  app: RerankApp;
  calls: FakeCall[];
  /** What was loaded, in order, and how many models were freed. */
  loads: (string | undefined)[];
  disposed: number;
  /** Lets one held call finish. */
  release(): void;
  log(): string;
}

export interface FakeServerOptions extends ServerOptions {
  model?: Partial<ServedReranker['model']>;
  /** Calls wait for `release`. */
  hold?: boolean;
  /** Runs in each call, before it scores. */
  onCall?: (call: FakeCall) => void;
  truncated?: number[];
  queryTruncated?: boolean;
  logits?: boolean;
}

/** A server over a made-up model, of which long documents are the best. */
export function fakeServer(options: FakeServerOptions = {}): FakeServer {
  const { model, hold, onCall, truncated = [], queryTruncated = false, logits, ...rest } = options;
  const lines: string[] = [];
  const held: (() => void)[] = [];
  const fake: Omit<FakeServer, 'app'> = {
    calls: [],
    loads: [],
    disposed: 0,
    release: () => held.shift()?.(),
    log: () => lines.join(''),
  };
  const rerank: ServedReranker['rerank'] = async (query, documents, callOptions = {}) => {
    const call: FakeCall = { query, documents, options: callOptions };
    fake.calls.push(call);
    const { signal, topN, returnEmbeddings } = callOptions;
    if (hold) await wait(signal, call);
    onCall?.(call);
    const results = documents
      .map((document, index) => ({
        index,
        relevanceScore: document.length / 100,
        ...(logits ? { logit: document.length } : {}),
        document,
        truncated: truncated.includes(index),
        ...(returnEmbeddings ? { embedding: [1, 2] } : {}),
      }))
      .sort((a, b) => b.relevanceScore - a.relevanceScore)
      .slice(0, topN);
    const milliseconds = { queue: 1, tokens: 2, states: 30, score: 4, total: 37 };
    const usage = { totalTokens: 10, reusedTokens: 3, queryTokens: 2, queryTruncated, blocks: 1, milliseconds };
    return { results, usage: { ...usage, overflow: 'none' } };
  };
  const wait = (signal: AbortSignal | undefined, call: FakeCall): Promise<void> =>
    new Promise((resolve, reject) => {
      held.push(resolve);
      signal?.addEventListener('abort', () => {
        call.stopped = signal.reason;
        held.splice(held.indexOf(resolve), 1);
        reject(signal.reason);
      });
    });
  const app = createApp({
    load: async (name) => {
      fake.loads.push(name);
      return { model: { ...MODEL, ...model }, rerank, dispose: async () => void fake.disposed++ };
    },
    logger: { level: 'debug', stream: { write: (line: string) => void lines.push(line) } },
    ...rest,
  });
  return Object.assign(fake, { app });
}

export const BODY = { query: 'late parcels', documents: ['short', 'a longer document', 'middle one'] };

/** Waits for what comes with later turns of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds = 20_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`it has not happened within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
