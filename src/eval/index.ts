export { type Dataset, openDataset, readCorpus } from './dataset.js';
export { type EvaluateOptions, evaluate, type Order, runOf } from './evaluate.js';
export type { Answer } from './journal.js';
export { type Measured, measure, type Values } from './metrics.js';
export { type EvalProgress, prepareTask, type Task, type TaskOptions, type TaskQuery } from './task.js';
export { formatRun, type Qrels, type Run, ranked, readQrels, readRun } from './trec.js';
