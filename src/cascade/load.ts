import { invalid } from '../checks.js';
import type { Ranker } from '../types.js';

/**
 * Loads the stages of a cascade, one after the other, and makes it of them. What was loaded is freed if another one cannot be.
 *
 * @throws RerankError INVALID_ARGUMENT; what `load` and `make` throw
 */
export async function loadStages<T extends Pick<Ranker, 'dispose'>>(
  models: readonly string[],
  load: (model: string) => Promise<T>,
  make: (stages: readonly T[]) => T,
): Promise<T> {
  if (!Array.isArray(models) || models.length < 2) throw invalid('models', 'two models or more', models);
  const loaded: T[] = [];
  try {
    for (const model of models) loaded.push(await load(model));
    return make(loaded);
  } catch (error) {
    await Promise.all(loaded.map((stage) => stage.dispose()));
    throw error;
  }
}
