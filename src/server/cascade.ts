import { type LoadOptions, Reranker } from '../index.js';
import type { ServedModel } from './options.js';

/** The stages of a served cascade as one reranker. What was loaded is freed if another one cannot be. */
export async function loadCascade(stages: readonly string[], keep: ServedModel['keep'], options: LoadOptions): Promise<Reranker> {
  const loaded: Reranker[] = [];
  try {
    for (const name of stages) loaded.push(await Reranker.load(name, options));
    return Reranker.cascade(loaded, keep === undefined ? {} : { keep });
  } catch (error) {
    await Promise.all(loaded.map((reranker) => reranker.dispose()));
    throw error;
  }
}
