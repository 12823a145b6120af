import { RerankError } from '../errors.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { chooseListwise, isListwise } from './listwise.js';
import { hasTensor } from './metadata.js';
import { choosePairwise, isCrossEncoder } from './pairwise.js';
import { chooseSimilarity } from './similarity.js';

/**
 * Decides from a checked file how it reranks, before its weights are loaded.
 *
 * @throws RerankError MODEL_UNSUPPORTED_ARCH, MODEL_NOT_A_RERANKER, MODEL_BAD_VOCAB, PROJECTOR_*: a model that cannot be scored right
 *   is refused.
 */
export async function chooseFamily(candidate: Candidate): Promise<FamilyChoice> {
  const { model, file } = candidate;
  if (isListwise(candidate)) return chooseListwise(candidate);

  if (['qwen2', 'qwen3'].includes(model.architecture.name)) {
    if (!hasTensor(model, 'cls.output.weight')) return chooseListwise(candidate);
    throw new RerankError('MODEL_UNSUPPORTED_ARCH', `${file.path}: a cross-encoder scores pairs, which this version does not do`);
  }

  if (await isCrossEncoder(candidate)) return choosePairwise(candidate);
  return chooseSimilarity(candidate);
}
