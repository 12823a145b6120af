/** What limits a block. */
export interface BlockLimits {
  /** Tokens that a prompt may have. */
  readonly contextSize: number;
  readonly blockSize: number;
  readonly maxDocumentTokens: number;
}

/**
 * Step 4: which documents share a prompt, as indices in order.
 *
 * The rule of `modeling.py` (jinaai/jina-reranker-v3, `rerank`): room starts at the context size less twice the query; every
 * document takes its tokens off it; a block is closed after a document when it is full or the room left is at most one longest
 * document. The prompt's own words are not counted.
 */
export function splitBlocks(documentTokens: readonly number[], queryTokens: number, limits: BlockLimits): number[][] {
  const blocks: number[][] = [];
  const start = limits.contextSize - 2 * queryTokens;
  let block: number[] = [];
  let room = start;
  documentTokens.forEach((tokens, i) => {
    block.push(i);
    room -= tokens;
    if (block.length >= limits.blockSize || room <= limits.maxDocumentTokens) {
      blocks.push(block);
      block = [];
      room = start;
    }
  });
  if (block.length > 0) blocks.push(block);
  return blocks;
}

/**
 * The largest limit such that texts cut to it lose at least `excess` tokens together, so that the longest are trimmed evenly.
 * Below 1 when that is not possible.
 */
export function evenLimit(tokens: readonly number[], excess: number): number {
  const wanted = tokens.reduce((sum, n) => sum + n, 0) - excess;
  const ascending = [...tokens].sort((a, b) => a - b);
  let kept = 0;
  for (let i = 0; i < ascending.length; i++) {
    const limit = Math.floor((wanted - kept) / (ascending.length - i));
    if (limit < (ascending[i] as number)) return limit;
    kept += ascending[i] as number;
  }
  return ascending.at(-1) ?? 0;
}
