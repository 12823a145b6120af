import { Readable, Writable } from 'node:stream';
import { loadStages } from '../../src/cascade/load.js';
import type { Probe } from '../../src/cli/probe.js';
import { runCli } from '../../src/cli/program.js';
import type { Api, LoadedReranker, McpServing, OutputStream, ServeOptions } from '../../src/cli/shell.js';
import type {
  CachedModel,
  CascadeOptions,
  LoadOptions,
  ModelInfo,
  RerankOptions,
  ResolveOptions,
  Verification,
} from '../../src/index.js';

export interface Sink {
  stream: OutputStream;
  text(): string;
}

/** A stream that keeps what is written; with `columns`, a terminal. */
export function sink(columns?: number): Sink {
  const chunks: string[] = [];
  const stream: OutputStream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns });
  return { stream, text: () => chunks.join('') };
}

export const MODEL: ModelInfo = {
  path: '/models/tiny.gguf',
  head: undefined,
  family: 'similarity',
  scoreKind: 'cosine',
  prefixes: undefined,
  architecture: 'bert',
  name: 'tiny',
  description: 'bert 1M F32',
  bytes: 4_000_000,
  parameters: 1_000_000,
  contextSize: 256,
  maxQueryTokens: 254,
  maxDocumentTokens: 254,
  device: 'CPU',
  llamaCpp: '0.4.0',
};

export interface FakeRun {
  /** What was passed on to the library. */
  loads: { model: string | undefined; options: LoadOptions }[];
  cascades: { stages: number; options: CascadeOptions }[];
  calls: { query: string; documents: { id?: string | number; text: string }[]; options: RerankOptions<never> }[];
  resolved: { name: string; options: ResolveOptions }[];
  verified: { model: string; options: LoadOptions }[];
  logLevels: number[];
  served: ServeOptions[];
  mcp: McpServing[];
  disposed: number;
  code: number;
  stdout: string;
  stderr: string;
}

export interface FakeOptions {
  stdin?: string | string[];
  /** Columns of the terminal; none means pipes. */
  columns?: number;
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** Takes the place of scoring: documents score by their length, longest first. */
  rerank?: LoadedReranker['rerank'];
  load?: (options: LoadOptions, model: string | undefined) => Promise<void>;
  resolve?: (options: ResolveOptions) => Promise<void> | void;
  verification?: Verification;
  /** The life of a server. */
  serve?: (options: ServeOptions) => Promise<void>;
  cached?: CachedModel[];
  /** What commands in processes of their own answer. */
  probe?: (argv: readonly string[], input: string | undefined) => Probe;
}

/** Runs the command line against a made-up reranker. */
export async function runFake(argv: string[], options: FakeOptions = {}): Promise<FakeRun> {
  const embedDocuments = async (documents: { text: string }[]) => documents.map(({ text }) => Float32Array.of(text.length, 1));
  const run: FakeRun = {
    loads: [],
    cascades: [],
    calls: [],
    resolved: [],
    verified: [],
    logLevels: [],
    served: [],
    mcp: [],
    disposed: 0,
    code: -1,
    stdout: '',
    stderr: '',
  };
  const rerank: LoadedReranker['rerank'] = async (query, documents, rankOptions) => {
    run.calls.push({ query, documents, options: rankOptions as RerankOptions<never> });
    if (options.rerank) return options.rerank(query, documents, rankOptions);
    const results = documents
      .map((document, index) => ({ index, relevanceScore: document.text.length / 100, document, truncated: index === 1 }))
      .sort((a, b) => b.relevanceScore - a.relevanceScore)
      .slice(0, rankOptions?.topN);
    const milliseconds = { queue: 0, tokens: 1, states: 500, score: 0, total: 501 };
    const usage = { totalTokens: 1000, reusedTokens: 0, queryTokens: 3, queryTruncated: false, blocks: 1, milliseconds };
    return { results, usage: { ...usage, overflow: 'none' } };
  };
  const api: Api = {
    Reranker: {
      async load(model, loadOptions = {}) {
        run.loads.push({ model, options: loadOptions });
        await options.load?.(loadOptions, model);
        return { model: MODEL, rerank, embedDocuments, dispose: async () => void run.disposed++ };
      },
      loadCascade(models, { keep, ...loadOptions } = {}) {
        const load = (model: string) => api.Reranker.load(model, loadOptions);
        return loadStages(models, load, (stages) => {
          run.cascades.push({ stages: stages.length, options: keep === undefined ? {} : { keep } });
          const dispose = async () => void (await Promise.all(stages.map((stage) => stage.dispose())));
          return { model: MODEL, rerank, embedDocuments, dispose };
        });
      },
    },
    listDevices: async () => ({
      library: { release: '0.4.0', folder: '/lib' },
      devices: [{ name: 'CPU', description: 'Some CPU', type: 'cpu', backend: 'CPU', memoryFree: 2 ** 30, memoryTotal: 2 ** 33 }],
    }),
    inspectModel: async () => {
      throw new Error('not in this test');
    },
    resolveModel: async (name, resolveOptions = {}) => {
      run.resolved.push({ name, options: resolveOptions });
      await options.resolve?.(resolveOptions);
      return { path: `/cache/${name}.gguf`, head: undefined };
    },
    verifyModel: async (model, verifyOptions = {}) => {
      run.verified.push({ model, options: verifyOptions });
      return options.verification as Verification;
    },
    cacheFolder: () => '/cache',
    listCache: async () => options.cached ?? [],
    removeCached: async (name) => (options.cached ?? []).filter((model) => model.name === name),
    setLogLevel: (level) => void run.logLevels.push(level),
  };
  const stdout = sink(options.columns);
  const stderr = sink(options.columns);
  const chunks = [options.stdin ?? []].flat().map((text) => Buffer.from(text));
  const stdin = Object.assign(Readable.from(chunks), options.stdin === undefined ? { isTTY: true } : {});
  run.code = await runCli(argv, {
    api,
    startServer: async (serveOptions) => {
      run.served.push(serveOptions);
      return {
        url: `http://${serveOptions.host}:${serveOptions.port}`,
        ended: options.serve?.(serveOptions) ?? Promise.resolve(),
      };
    },
    probe: async (argv, input) => (options.probe ?? (() => ({ ended: 1, stdout: '', stderr: '' })))(argv, input),
    exists: () => false,
    serveMcp: async (mcpOptions) => void run.mcp.push(mcpOptions),
    untilTold: () => new Promise(() => {}),
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  });
  run.stdout = stdout.text();
  run.stderr = stderr.text();
  return run;
}
