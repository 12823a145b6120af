import { RerankError } from '../errors.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { chooseListwise } from './listwise.js';
import { hasTensor } from './metadata.js';
import { chooseSimilarity } from './similarity.js';
import { chooseTwoToken, notKnown, templateOf } from './two-token.js';

/**
 * Decides from a checked file how it reranks, before its weights are loaded.
 *
 * @throws RerankError MODEL_UNSUPPORTED_ARCH, MODEL_NOT_A_RERANKER, MODEL_BAD_VOCAB, PROJECTOR_*: a model that cannot be scored right
 *   is refused.
 */
export async function chooseFamily(candidate: Candidate): Promise<FamilyChoice> {
  const { model, file } = candidate;
  if (templateOf(candidate)) return chooseTwoToken(candidate);
  if (hasTensor(model, 'cls.output.weight'))
    throw new RerankError('MODEL_UNSUPPORTED_ARCH', `${file.path}: a cross-encoder scores pairs, which this version does not do`);
  if (model.architecture.name === 'qwen2') throw notKnown(candidate);
  return model.architecture.name === 'qwen3' ? chooseListwise(candidate) : chooseSimilarity(candidate);
}
