/** Vectors of one length, one after the other. */
export interface PackedVectors {
  readonly count: number;
  readonly numbers: Float32Array;
}

export function packVectors(vectors: readonly Float32Array[]): PackedVectors {
  const width = vectors[0]?.length ?? 0;
  const numbers = new Float32Array(vectors.length * width);
  for (const [i, vector] of vectors.entries()) numbers.set(vector, i * width);
  return { count: vectors.length, numbers };
}

/** Each with memory of its own: what came through a pipe lies in a buffer of the pipe. */
export function unpackVectors({ count, numbers }: PackedVectors): Float32Array[] {
  const width = count === 0 ? 0 : numbers.length / count;
  return Array.from({ length: count }, (_, i) => numbers.slice(i * width, (i + 1) * width));
}
