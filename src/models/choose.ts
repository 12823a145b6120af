import type { Candidate, FamilyChoice } from './candidate.js';
import { chooseListwise, isListwise } from './listwise.js';
import { choosePairwise, isCrossEncoder } from './pairwise.js';
import { chooseSimilarity } from './similarity.js';
import { chooseTwoToken, notKnown, templateOf } from './two-token.js';

/**
 * Decides from a checked file how it reranks, before its weights are loaded.
 *
 * @throws RerankError MODEL_UNSUPPORTED_ARCH, MODEL_NOT_A_RERANKER, MODEL_BAD_VOCAB, PROJECTOR_*: a model that cannot be scored right
 *   is refused.
 */
export async function chooseFamily(candidate: Candidate): Promise<FamilyChoice> {
  const { name } = candidate.model.architecture;
  if (isListwise(candidate)) return chooseListwise(candidate);
  if (templateOf(candidate)) return chooseTwoToken(candidate);
  if (name === 'qwen2') throw notKnown(candidate);
  if (name === 'qwen3') return chooseListwise(candidate);
  if (await isCrossEncoder(candidate)) return choosePairwise(candidate);
  return chooseSimilarity(candidate);
}
