import { RerankError } from '../errors.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { isCausal, isEmbedder } from './embedder.js';
import { chooseListwise, isListwise } from './listwise.js';
import { choosePairwise, isCrossEncoder } from './pairwise.js';
import { chooseSimilarity } from './similarity.js';
import { chooseTwoToken, notKnown, templateOf } from './two-token.js';

const EMBEDDER_OPTIONS = ['pooling', 'queryPrefix', 'documentPrefix'] as const;

/**
 * Decides from a checked file how it reranks, before its weights are loaded.
 *
 * @throws RerankError MODEL_UNSUPPORTED_ARCH, MODEL_NOT_A_RERANKER, MODEL_BAD_VOCAB, PROJECTOR_*: a model that cannot be scored right
 *   is refused. INVALID_ARGUMENT: an option that is not for this model
 */
export async function chooseFamily(candidate: Candidate): Promise<FamilyChoice> {
  const choice = await choose(candidate);
  // 0 is what the others do.
  const stray = candidate.options?.lexical
    ? 'lexical'
    : EMBEDDER_OPTIONS.find((option) => candidate.options?.[option] !== undefined);
  if (stray === undefined || choice.name === 'similarity') return choice;
  throw new RerankError('INVALID_ARGUMENT', `options.${stray}: a ${choice.name} model has no use for it`);
}

async function choose(candidate: Candidate): Promise<FamilyChoice> {
  if (isListwise(candidate)) return chooseListwise(candidate);
  if (templateOf(candidate)) return chooseTwoToken(candidate);
  if (isCausal(candidate)) {
    if (isEmbedder(candidate)) return chooseSimilarity(candidate);
    if (candidate.model.architecture.name === 'qwen2') throw notKnown(candidate);
    // It has no head, which is said there.
    return chooseListwise(candidate);
  }
  if (await isCrossEncoder(candidate)) return choosePairwise(candidate);
  return chooseSimilarity(candidate);
}
