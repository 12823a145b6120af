/** llama.cpp's limit of sequences in one batch. */
const MAX_SEQUENCES = 64;

/**
 * Step 4: which sequences share a batch, as indices. Sequences of similar length go together, so that a batch wastes little; the
 * order within equal lengths is that of the input, so the same input gives the same batches.
 *
 * @param lengths tokens of each sequence
 * @param batchTokens most tokens in a batch; a longer sequence has a batch of its own
 */
export function packBatches(lengths: readonly number[], batchTokens: number): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  let tokens = 0;
  for (const i of order) {
    const length = lengths[i] as number;
    if (batch.length > 0 && (tokens + length > batchTokens || batch.length >= MAX_SEQUENCES)) {
      batches.push(batch);
      batch = [];
      tokens = 0;
    }
    batch.push(i);
    tokens += length;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
