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

/** Most tokens of a query and a document, and documents of a prompt. */
export interface ListwiseLimits {
  readonly query: number;
  readonly document: number;
  readonly block: number;
}

/** Ids of the special tokens after the first of them: those of the published models. */
const OFFSETS = [0, 1, 26, 27];

/**
 * Checks that a vocabulary has the special tokens of a prompt, as control tokens and in their places: markers that are swapped give
 * scores that look well.
 *
 * @param control ids of the vocabulary's control tokens by their text
 * @throws RerankError MODEL_BAD_VOCAB
 */
export function expectSpecials(control: ReadonlyMap<string, number>, path: string): void {
  const texts = SPECIALS.map(({ special }) => special);
  const missing = texts.filter((text) => !control.has(text));
  if (missing.length > 0) {
    throw new RerankError(
      'MODEL_BAD_VOCAB',
      `${path}: the vocabulary has no control token ${missing.join(', ')}: this is not a listwise reranker, or its tokenizer was converted wrongly`,
    );
  }
  const ids = texts.map((text) => control.get(text) as number);
  const expected = OFFSETS.map((offset) => (ids[0] as number) + offset);
  const wrong = ids.findIndex((id, i) => id !== expected[i]);
  if (wrong < 0) return;
  throw new RerankError(
    'MODEL_BAD_VOCAB',
    `${path}: the control token ${texts[wrong]} has the id ${ids[wrong]}, expected ${expected[wrong]}. Its tokenizer was converted wrongly; convert the model again`,
  );
}

/**
 * jina-reranker-v3, v3.5 and models of their kind: one prompt holds the query and all documents.
 *
 * @param control ids of the vocabulary's control tokens by their text, checked by expectSpecials
 * @param contextSize tokens the model was made for
 */
export function listwise(control: SpecialIds, contextSize: number, limits: ListwiseLimits, projection: Projection): Family {
  return {
    name: 'listwise',
    scoreKind: 'cosine',
    states: 'marked',
    options: ['instruction', 'returnEmbeddings'],
    overflows: ['split', 'truncate', 'error'],
    defaults: { maxQueryTokens: limits.query, maxDocumentTokens: limits.document, blockSize: limits.block, overflow: 'split' },
    contextSize,
    plan: (request, tokenizer, capacity, signal) => planPrompts(request, tokenizer, control, capacity, signal),
    async score(plan: Plan, states) {
      const blocks: ProjectedBlock[] = [];
      for (const [b, rows] of states.entries()) {
        blocks.push({ documents: plan.members[b] as readonly number[], rows: await projection.project(rows) });
      }
      return fuse(blocks, plan.truncated.length, projection.width);
    },
  };
}
