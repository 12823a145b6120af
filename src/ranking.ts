import { RerankError } from './errors.js';
import type { Chunk, RerankRequest, Scored } from './family.js';
import type { RerankResult } from './types.js';

/**
 * Step 8: scores to results, best first. Equal scores keep the order of the input.
 *
 * @throws RerankError NON_FINITE, INTERNAL: a score that is no number, or none for a document, is never sorted.
 */
export function rank(
  documents: readonly unknown[],
  scored: Scored,
  truncated: readonly boolean[],
  request: RerankRequest,
): RerankResult<unknown>[] {
  const { scores } = scored;
  if (scores.length !== documents.length) {
    throw new RerankError('INTERNAL', `expected ${documents.length} scores, got ${scores.length}`);
  }
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0)
    throw new RerankError(
      'NON_FINITE',
      `the score of documents[${bad}] is ${scores[bad]}: the model file is damaged, or the device failed`,
    );
  return Array.from(scores.keys())
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    .filter((index) => request.minScore === undefined || (scores[index] as number) >= request.minScore)
    .slice(0, request.topN)
    .map((index) => ({
      index,
      relevanceScore: scores[index] as number,
      ...(scored.logits ? { logit: scored.logits[index] as number } : {}),
      ...(scored.chunks ? { chunk: scored.chunks[index] as Chunk } : {}),
      ...(scored.parts
        ? { parts: { cosine: scored.parts.cosine[index] as number, bm25: scored.parts.bm25[index] as number } }
        : {}),
      document: documents[index],
      truncated: truncated[index] as boolean,
      ...(request.returnEmbeddings && scored.embeddings
        ? { embedding: Array.from(scored.embeddings[index] as Float32Array) }
        : {}),
    }));
}
