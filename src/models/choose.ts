import { RerankError } from '../errors.js';
import { DOCUMENT_MARKER } from '../listwise/prompt.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { isCausal, isEmbedder } from './embedder.js';
import { chooseListwise } from './listwise.js';
import { hasTensor } from './metadata.js';
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
  const stray = EMBEDDER_OPTIONS.find((option) => candidate.options?.[option] !== undefined);
  if (stray === undefined || choice.name === 'similarity') return choice;
  throw new RerankError('INVALID_ARGUMENT', `options.${stray}: a ${choice.name} model has no use for it`);
}

function choose(candidate: Candidate): Promise<FamilyChoice> {
  const { model, file, head } = candidate;
  if (templateOf(candidate)) return chooseTwoToken(candidate);
  if (hasTensor(model, 'cls.output.weight'))
    throw new RerankError('MODEL_UNSUPPORTED_ARCH', `${file.path}: a cross-encoder scores pairs, which this version does not do`);
  if (!isCausal(candidate)) return chooseSimilarity(candidate);
  // A listwise reranker is known by its marker, and one that lost it by its head.
  const isListwise = head !== undefined || model.vocabulary.control.has(DOCUMENT_MARKER.special);
  if (!isListwise && isEmbedder(candidate)) return chooseSimilarity(candidate);
  if (model.architecture.name === 'qwen2') throw notKnown(candidate);
  return chooseListwise(candidate);
}
