import type { Engine } from '../engine/engine.js';
import { RerankError } from '../errors.js';
import type { Family } from '../family.js';
import { findHead } from '../files/head.js';
import { readSafetensors } from '../files/safetensors.js';
import { slidingWindowOf } from '../files/sliding-window.js';
import { expectSpecials, listwise } from '../listwise/family.js';
import { readProjector } from '../listwise/projector.js';
import { DOCUMENT_MARKER } from '../listwise/prompt.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { notKnown } from './two-token.js';

/** Limits of files that the catalogue does not know: jina-reranker-v3's, and v3.5's, which is told by its sliding window. */
const LIMITS = {
  plain: { query: 512, document: 2048, block: 125 },
  windowed: { query: 1024, document: 8192, block: 125 },
};

/** Whether a file is a listwise reranker by its vocabulary. */
export function isListwise({ model }: Candidate): boolean {
  return model.architecture.name === 'qwen3' && model.vocabulary.control.has(DOCUMENT_MARKER.special);
}

/** jina-reranker-v3 and v3.5. */
export async function chooseListwise(candidate: Candidate): Promise<FamilyChoice> {
  const { model, file, head: named } = candidate;
  const { width, context } = model.dimensions;
  const head = await findHead(file.path, named);
  if (head === undefined) throw withoutHead(candidate);
  expectSpecials(model.vocabulary.control, file.path);
  const weights = readProjector(await readSafetensors(head), width, head);
  const window = slidingWindowOf(model.header);
  const limits = candidate.known?.limits ?? (window ? LIMITS.windowed : LIMITS.plain);
  const open = (engine: Engine): Family => {
    const project = engine.head(weights.width, [{ weight: weights.first, activation: 'relu' }, { weight: weights.second }]);
    return listwise(engine.info.control, context, limits, { width: weights.output, project });
  };
  return { name: 'listwise', head, native: window ? { windowTokens: window.tokens, windowLayers: window.layers } : {}, open };
}

function withoutHead(candidate: Candidate): RerankError {
  const { model, file } = candidate;
  if (!model.vocabulary.control.has(DOCUMENT_MARKER.special)) return notKnown(candidate);
  return new RerankError(
    'MODEL_NOT_A_RERANKER',
    `${file.path}: a listwise reranker's model without its head, projector.safetensors, gives no scores. For jina-reranker-v3, put its ` +
      'projector.safetensors beside the model or pass head',
  );
}
