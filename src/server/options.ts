import type { FastifyServerOptions } from 'fastify';
import { type CascadeOptions, type LoadOptions, type Ranker, Reranker } from '../index.js';

/** A model that the server offers. */
export interface ServedModel {
  /** What clients call it. */
  name: string;
  /** What `Reranker.load` takes; without it, the starter model. */
  model?: string;
  /** In its place: models of a cascade, the fastest first, each as `Reranker.load` takes it. */
  stages?: readonly string[];
  /** See `Reranker.cascade`. */
  keep?: CascadeOptions['keep'];
}

/** What the server uses of a loaded model. */
export type ServedReranker = Pick<Ranker, 'model' | 'dispose'> & {
  rerank: (...call: Parameters<typeof Reranker.prototype.rerank<string>>) => ReturnType<typeof Reranker.prototype.rerank<string>>;
};

export type LoadModel = (model: string | undefined, options: LoadOptions) => Promise<ServedReranker>;

export interface ServerOptions {
  /** Models by name; the first is loaded at the start, others on first use. Default: the starter model. */
  models?: readonly ServedModel[];
  /** How all of them are loaded: threads, GPU and so on. Without `onProgress`, the log says how far the loading is. */
  loadOptions?: LoadOptions;
  /** Default `Reranker.load`. Not for the stages of cascades. */
  load?: LoadModel;
  /** Refuse names that are not served, even if only one model is. Default false. */
  strictModel?: boolean;
  /** Milliseconds without a request after which a model is unloaded, but for the first; 0: never. Default 10 minutes. */
  idleTimeout?: number;
  /** Keys of which a request must have one. Default none: everybody may ask. */
  apiKeys?: readonly string[];
  /** Host names by which the server may be called; `any` turns the check off. Default: those of this machine itself. */
  allowedHosts?: readonly string[] | 'any';
  /** Web sites whose pages may call the server (`https://example.org`), or `*`. Default none but the server's own page. */
  corsOrigins?: readonly string[];
  /** Requests that may wait or run at once; more get 429. Default 64. */
  queueLimit?: number;
  /** Default 1000. */
  maxDocuments?: number;
  /** Bytes of a body. Default 4 MiB. */
  bodyLimit?: number;
  /** Milliseconds for a request, waiting and loading included. Default 2 minutes. */
  timeout?: number;
  /** Cascades: milliseconds after which no stage but the first goes on; a request may ask for less. Default 0: none. */
  deadline?: number;
  /** Milliseconds in which the headers of a request must have come. Default 10 s. */
  headersTimeout?: number;
  /** Milliseconds in which a whole request must have come. Default 30 s. */
  bodyTimeout?: number;
  /** Milliseconds that a connection may be idle. Default 72 s, longer than proxies keep theirs. */
  keepAliveTimeout?: number;
  /** Milliseconds that running requests get to finish when the server closes. Default 8 s. */
  drainTimeout?: number;
  /** Fastify's. Default false. */
  logger?: FastifyServerOptions['logger'];
}

export type Settings = Required<ServerOptions>;

export const STARTER = 'all-MiniLM-L6-v2';

const DEFAULTS: Settings = {
  models: [{ name: STARTER }],
  loadOptions: {},
  load: (model, options) => Reranker.load(model, options),
  strictModel: false,
  idleTimeout: 600_000,
  apiKeys: [],
  allowedHosts: [],
  corsOrigins: [],
  queueLimit: 64,
  maxDocuments: 1000,
  bodyLimit: 4 << 20,
  timeout: 120_000,
  deadline: 0,
  headersTimeout: 10_000,
  bodyTimeout: 30_000,
  keepAliveTimeout: 72_000,
  drainTimeout: 8000,
  logger: false,
};

export function readOptions(options: ServerOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: Settings = { ...DEFAULTS, ...given };
  const names = settings.models.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (names.length === 0) throw new TypeError('models: expected at least one');
  if (twice !== undefined) throw new TypeError(`models: two are called ${twice}`);
  const both = settings.models.find(({ model, stages }) => model !== undefined && stages !== undefined);
  if (both) throw new TypeError(`models: ${both.name} has a model and stages; expected one of them`);
  return settings;
}
