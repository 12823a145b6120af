export type { NativeDevice, NativeLibrary } from './engine/addon.js';
export { listDevices, setLogLevel } from './engine/library.js';
export { ERROR_CODES, type ErrorCode, RerankError } from './errors.js';
export { type GgufHeader, readGguf as inspectModel } from './files/gguf.js';
export { Reranker } from './reranker.js';
export type {
  Gpu,
  LoadOptions,
  ModelFamily,
  ModelInfo,
  Overflow,
  Progress,
  RerankOptions,
  RerankResponse,
  RerankResult,
  TextAccessor,
  Usage,
} from './types.js';
