import type { LoadOptions } from '../index.js';
import type { CascadeFlags } from './options.js';
import type { Api, LoadedReranker } from './shell.js';

/** The model that the flags name, or the models of a cascade as one. */
export async function loadModels(
  { Reranker }: Api,
  { model, cascade, keep }: CascadeFlags & { model?: string },
  options: LoadOptions,
): Promise<LoadedReranker> {
  if (cascade === undefined) return Reranker.load(model, options);
  return Reranker.loadCascade(cascade, { ...options, ...(keep === undefined ? {} : { keep }) });
}
