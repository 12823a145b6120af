export { QUEUE, type QueueAddress } from './address.js';
export { type BulkOptions, type BulkProgress, type BulkReport, bulk, type WorkerShare } from './bulk.js';
export { type Checked, type CheckOptions, checkInput } from './check.js';
export { type Estimate, estimate } from './estimate.js';
export { type Identity, identify } from './identity.js';
export { beirFolder, jsonLines, spool } from './input.js';
export type {
  BulkDocument,
  BulkInput,
  BulkLine,
  BulkRanker,
  BulkRerankOptions,
  Done,
  Engine,
  Job,
  Outcome,
  Scored,
} from './jobs.js';
export { localEngine } from './local.js';
export type { FailedLine, OutputFormat } from './output.js';
export { type QueueOptions, queueEngine } from './queue.js';
export { type RunningWorker, startWorker, type WorkerOptions } from './worker.js';
