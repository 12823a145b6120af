import { join } from 'node:path';
import { createApp, type RerankApp } from '../../src/server/index.js';
import { PAIRWISE_FIXTURES, unpack } from './models.js';

export const STARTER_NAME = 'all-MiniLM-L6-v2';
export const CROSS_ENCODER = 'bge-m3';

/** A server with the starter model, and a tiny cross-encoder whose scores are probabilities without sense. */
export async function twoModels(): Promise<RerankApp> {
  const tiny = unpack(join(PAIRWISE_FIXTURES, 'bge-m3/bge-m3-F16.gguf.gz'), 'bge-m3');
  const models = [{ name: STARTER_NAME }, { name: CROSS_ENCODER, model: tiny }];
  // One thread: several would wait for each other where other programs run, too.
  const app = createApp({ models, loadOptions: { gpu: 'cpu', threads: 1 } });
  await app.loaded;
  return app;
}
