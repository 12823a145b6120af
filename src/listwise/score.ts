import { cosine } from '../vectors.js';

/** Steps 6 and 7 for what a block gave: its projected rows, documents first, the query last. */
export interface ProjectedBlock {
  readonly documents: readonly number[];
  /** (documents + 1) rows of `width` numbers. */
  readonly rows: Float32Array;
}

function row(rows: Float32Array, index: number, width: number): Float32Array {
  return rows.subarray(index * width, (index + 1) * width);
}

/**
 * Scores of all documents from the blocks they were read in.
 *
 * Source: `modeling.py` of jinaai/jina-reranker-v3, `rerank`. Within a block a score is the cosine of the projected document and
 * query. A block weighs `max((1 + score) / 2)`; the fused query is the mean of the blocks' query vectors with these weights, not
 * normalised first; a document's final score is its cosine with the fused query. With one block that is the block's own score.
 *
 * @param count number of documents in all
 * @param width numbers in a projected row
 */
export function fuse(
  blocks: readonly ProjectedBlock[],
  count: number,
  width: number,
): { scores: Float64Array; embeddings: Float32Array[] } {
  const embeddings = new Array<Float32Array>(count);
  const query = new Float64Array(width);
  let weights = 0;
  for (const block of blocks) {
    const blockQuery = row(block.rows, block.documents.length, width);
    let weight = Number.NEGATIVE_INFINITY;
    block.documents.forEach((index, i) => {
      const document = row(block.rows, i, width);
      embeddings[index] = document;
      weight = Math.max(weight, (1 + cosine(document, blockQuery)) / 2);
    });
    for (let k = 0; k < width; k++) query[k] = (query[k] as number) + weight * (blockQuery[k] as number);
    weights += weight;
  }
  for (let k = 0; k < width; k++) query[k] = (query[k] as number) / weights;
  return { scores: Float64Array.from(embeddings, (embedding) => cosine(embedding, query)), embeddings };
}
