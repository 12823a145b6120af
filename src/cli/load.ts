import type { LoadOptions } from '../index.js';
import type { CascadeFlags } from './options.js';
import type { Api, LoadedReranker } from './shell.js';

/** The model that is named, or the models of a cascade as one. */
export async function loadModels(
  { Reranker }: Api,
  { model, cascade, keep }: Pick<CascadeFlags, 'cascade' | 'keep'> & { model?: string | undefined },
  options: LoadOptions,
): Promise<LoadedReranker> {
  if (cascade === undefined) return Reranker.load(model, options);
  return Reranker.loadCascade(cascade, { ...options, ...(keep === undefined ? {} : { keep }) });
}
