export type { NativeDevice, NativeLibrary } from './engine/addon.js';
export { listDevices, setLogLevel } from './engine/library.js';
export { ERROR_CODES, type ErrorCode, RerankError } from './errors.js';
export { type CachedModel, cacheFolder, listCache, removeCached } from './files/cache-list.js';
export { type Catalog, type KnownModel, readCatalog } from './files/catalog.js';
export type { GgufHeader } from './files/gguf.js';
export { type ModelFiles, type ResolveOptions, resolveModel } from './files/resolve.js';
export { inspectModel, type MemoryEstimate, type ModelReport } from './inspect.js';
export { Reranker } from './reranker.js';
export type {
  CascadeOptions,
  EmbedOptions,
  Gpu,
  LoadOptions,
  ModelFamily,
  ModelInfo,
  Overflow,
  Pooling,
  Progress,
  Ranker,
  RerankOptions,
  RerankResponse,
  RerankResult,
  ScoreKind,
  StageReport,
  TextAccessor,
  Usage,
} from './types.js';
export { type Verdict, type Verification, type VerifiedExample, type VerifyOptions, verifyModel } from './verify.js';
