import type { Readable, Writable } from 'node:stream';
import type {
  CachedModel,
  CascadeOptions,
  EmbedOptions,
  Gpu,
  LoadOptions,
  ModelFiles,
  ModelInfo,
  ModelReport,
  NativeDevice,
  NativeLibrary,
  RerankOptions,
  RerankResponse,
  ResolveOptions,
  Verification,
  VerifyOptions,
} from '../index.js';
import type { ListenOptions, RunningServer } from '../server/index.js';
import type { InputDocument } from './documents.js';
import type { Probe } from './probe.js';

/** What the commands use of this package. */
export interface Api {
  Reranker: {
    load(model?: string, options?: LoadOptions): Promise<LoadedReranker>;
    loadCascade(models: readonly string[], options?: LoadOptions & CascadeOptions): Promise<LoadedReranker>;
  };
  listDevices(options?: { gpu?: Gpu }): Promise<{ library: NativeLibrary; devices: NativeDevice[] }>;
  inspectModel(path: string, options?: { head?: string | undefined; documents?: number | undefined }): Promise<ModelReport>;
  resolveModel(name: string, options?: ResolveOptions): Promise<ModelFiles>;
  verifyModel(model: string, options?: VerifyOptions): Promise<Verification>;
  cacheFolder(): string;
  listCache(): Promise<CachedModel[]>;
  removeCached(name: string): Promise<CachedModel[]>;
  setLogLevel(level: number): void | Promise<void>;
}

export interface LoadedReranker {
  readonly model: ModelInfo;
  rerank(
    query: string,
    documents: InputDocument[],
    options?: RerankOptions<InputDocument>,
  ): Promise<RerankResponse<InputDocument>>;
  embedDocuments(documents: InputDocument[], options?: EmbedOptions<InputDocument>): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type ServeOptions = Omit<ListenOptions, 'logger' | 'load'> & {
  logLevel: LogLevel;
  /** Where lines of the log go. */
  logStream: { write(line: string): void };
};

export interface McpServing {
  model: string | undefined;
  loadOptions: LoadOptions;
  roots: string[];
  onError(error: unknown): void;
}

export type OutputStream = Writable & { isTTY?: boolean; columns?: number };

/** Everything that a command touches outside itself. */
export interface Shell {
  api: Api;
  /** From then on the server hears signals itself. */
  startServer(options: ServeOptions): Promise<Pick<RunningServer, 'url' | 'ended'>>;
  /** Runs these arguments in a process of its own. */
  probe(argv: readonly string[], input?: string): Promise<Probe>;
  exists(path: string): boolean;
  /** Speaks the Model Context Protocol on stdin and stdout until the client goes away. */
  serveMcp(options: McpServing): Promise<void>;
  /** Resolves on the first SIGTERM or SIGINT from then on; the next one has its usual effect. */
  untilTold(): Promise<void>;
  stdin: Readable & { isTTY?: boolean };
  stdout: OutputStream;
  stderr: OutputStream;
  env: Record<string, string | undefined>;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
}

/** Writes all of `text`; rejects when the reader is gone (EPIPE) or the disk is full. */
export function write(stream: OutputStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Columns of the terminal, or 80 where there is none. */
export function columnsOf(stream: OutputStream, env: Shell['env']): number {
  const columns = stream.columns ?? Number(env.COLUMNS);
  return Number.isInteger(columns) && columns >= 20 ? columns : 80;
}

/** Whether the stream is a terminal with a person before it: none of a pipe, a dumb terminal, a build machine. */
export function isTerminal(stream: OutputStream, env: Shell['env']): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb' && !env.CI;
}

/** Whether colours may be written: a terminal, no NO_COLOR (https://no-color.org), no `--no-color`. */
export function hasColor(stream: OutputStream, env: Shell['env'], wanted: boolean): boolean {
  return wanted && !env.NO_COLOR && isTerminal(stream, env);
}
