import type { CascadeOptions, LoadOptions } from '../index.js';

/** What makes rerankers: the class `Reranker`, or a stand-in. */
interface Maker<T> {
  load(model: string | undefined, options: LoadOptions): Promise<T>;
  cascade(stages: readonly T[], options?: CascadeOptions): T;
}

/** The stages of a cascade as one reranker. What was loaded is freed if another one cannot be. */
export async function loadCascade<T extends { dispose(): Promise<void> }>(
  maker: Maker<T>,
  stages: readonly string[],
  keep: CascadeOptions['keep'],
  options: LoadOptions,
): Promise<T> {
  const loaded: T[] = [];
  try {
    for (const name of stages) loaded.push(await maker.load(name, options));
    return maker.cascade(loaded, keep === undefined ? {} : { keep });
  } catch (error) {
    await Promise.all(loaded.map((reranker) => reranker.dispose()));
    throw error;
  }
}
