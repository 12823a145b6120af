import { RerankError } from '../errors.js';
import type { Family, Plan } from '../family.js';
import { planPrompts } from './plan.js';
import { SPECIALS } from './prompt.js';
import { fuse, type ProjectedBlock } from './score.js';
import type { SpecialIds } from './tokens.js';

/** Projects rows of the model's width to rows of `width` numbers. */
export interface Projection {
  readonly width: number;
  project(states: Float32Array): Promise<Float32Array>;
}

/** Limits of jina-reranker-v3, and of v3.5, which is told by its sliding window. */
const LIMITS = {
  v3: { maxQueryTokens: 512, maxDocumentTokens: 2048, blockSize: 125 },
  v35: { maxQueryTokens: 1024, maxDocumentTokens: 8192, blockSize: 125 },
};

/**
 * jina-reranker-v3, v3.5 and models of their kind: one prompt holds the query and all documents.
 *
 * @param control ids of the vocabulary's control tokens by their text
 * @param contextSize tokens the model was made for
 * @throws RerankError MODEL_BAD_VOCAB when the vocabulary lacks a token that the prompt needs.
 */
export function listwise(control: SpecialIds, contextSize: number, slidingWindow: boolean, projection: Projection): Family {
  const missing = SPECIALS.filter(({ special }) => control[special] === undefined).map(({ special }) => special);
  if (missing.length > 0) {
    throw new RerankError(
      'MODEL_BAD_VOCAB',
      `the vocabulary has no control token ${missing.join(', ')}: this is not a listwise reranker, or its tokenizer was converted wrongly`,
    );
  }
  return {
    name: 'listwise',
    states: 'marked',
    defaults: slidingWindow ? LIMITS.v35 : LIMITS.v3,
    contextSize,
    plan: (request, tokenizer, capacity, signal) => planPrompts(request, tokenizer, control, capacity, signal),
    async score(plan: Plan, states) {
      const blocks: ProjectedBlock[] = [];
      for (const [b, rows] of states.entries()) {
        blocks.push({ documents: plan.documents[b] as readonly number[], rows: await projection.project(rows) });
      }
      return fuse(blocks, plan.truncated.length, projection.width);
    },
  };
}
