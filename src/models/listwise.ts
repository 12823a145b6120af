import type { Engine } from '../engine/engine.js';
import { RerankError } from '../errors.js';
import type { Family } from '../family.js';
import type { CheckedModel } from '../files/check/check.js';
import { findHead } from '../files/head.js';
import { readSafetensors } from '../files/safetensors.js';
import { slidingWindowOf } from '../files/sliding-window.js';
import { expectSpecials, listwise } from '../listwise/family.js';
import { readProjector } from '../listwise/projector.js';
import { DOCUMENT_MARKER } from '../listwise/prompt.js';
import type { Candidate, FamilyChoice } from './candidate.js';

/** Whether a file is a listwise reranker: its vocabulary has the markers, or a head was named. */
export function isListwise({ model, head }: Candidate): boolean {
  return model.architecture.name === 'qwen3' && (model.vocabulary.control.has(DOCUMENT_MARKER.special) || head !== undefined);
}

/** jina-reranker-v3 and v3.5. */
export async function chooseListwise({ model, file, head: named }: Candidate): Promise<FamilyChoice> {
  const { width, context } = model.dimensions;
  const head = await findHead(file.path, named);
  if (head === undefined) throw withoutHead(model, file.path);
  expectSpecials(model.vocabulary.control, file.path);
  const weights = readProjector(await readSafetensors(head), width, head);
  const window = slidingWindowOf(model.header);
  const open = (engine: Engine): Family => {
    const project = engine.head(weights.width, [{ weight: weights.first, activation: 'relu' }, { weight: weights.second }]);
    return listwise(engine.info.control, context, window !== undefined, { width: weights.output, project });
  };
  return { name: 'listwise', head, native: window ? { windowTokens: window.tokens, windowLayers: window.layers } : {}, open };
}

function withoutHead({ vocabulary }: CheckedModel, path: string): RerankError {
  const what = vocabulary.control.has(DOCUMENT_MARKER.special)
    ? "a listwise reranker's model without its head, projector.safetensors, gives no scores"
    : 'a qwen3 language model gives no scores: it has neither a projector nor a classifier (cls.output.weight), and what llama.cpp ' +
      'ranks with then is meaningless';
  const advice = 'For jina-reranker-v3, put its projector.safetensors beside the model or pass head';
  return new RerankError('MODEL_NOT_A_RERANKER', `${path}: ${what}. ${advice}`);
}
