import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** The folder of reference files too large for the package: LLAMA_RERANK_REFERENCE, or `shared` beside the checkout. */
export const reference = resolve(root, process.env.LLAMA_RERANK_REFERENCE ?? '../shared');
