import { RerankError } from '../errors.js';
import type { Embeddings, Family } from '../family.js';

const REASONS: Partial<Record<Family['name'], string>> = {
  listwise: 'the states of a document depend on the query and the other documents of the list',
  pairwise: 'the states of a document depend on the query it is read with',
};

/** @throws RerankError INVALID_ARGUMENT: this family has no vectors of single texts */
export function expectEmbeddings<E = Embeddings>({ name, embeddings }: { name: Family['name']; embeddings?: E | undefined }): E {
  if (embeddings) return embeddings;
  throw new RerankError('INVALID_ARGUMENT', `a ${name} model cannot embed documents: ${REASONS[name] ?? 'it has no embeddings'}`);
}

/** @throws RerankError NON_FINITE */
export function expectFinite(vectors: Float32Array[]): Float32Array[] {
  const bad = vectors.findIndex((vector) => !vector.every(Number.isFinite));
  if (bad < 0) return vectors;
  throw new RerankError(
    'NON_FINITE',
    `the embedding of documents[${bad}] is not made of numbers: the model file is damaged, or the device failed`,
  );
}
