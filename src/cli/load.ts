import type { LoadOptions } from '../index.js';
import type { CascadeFlags } from './options.js';
import type { Api, LoadedReranker } from './shell.js';

/** The model that the flags name, or the models of a cascade as one. What was loaded is freed if another one cannot be. */
export async function loadModels(
  { Reranker }: Api,
  { model, cascade, keep }: CascadeFlags & { model?: string },
  options: LoadOptions,
): Promise<LoadedReranker> {
  if (cascade === undefined) return Reranker.load(model, options);
  const stages: LoadedReranker[] = [];
  try {
    for (const name of cascade) stages.push(await Reranker.load(name, options));
    return Reranker.cascade(stages, keep === undefined ? {} : { keep });
  } catch (error) {
    await Promise.all(stages.map((stage) => stage.dispose()));
    throw error;
  }
}
