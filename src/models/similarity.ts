import type { Engine } from '../engine/engine.js';
import { RerankError } from '../errors.js';
import type { Family } from '../family.js';
import { similarity } from '../similarity/family.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { metadataValue, numberOf } from './metadata.js';

const MEAN_POOLING = 1;

/** Embedding models. */
export async function chooseSimilarity({ model, file, head }: Candidate): Promise<FamilyChoice> {
  if (head !== undefined)
    throw new RerankError('INVALID_ARGUMENT', `options.head: ${file.path} is an embedding model, it takes no head`);
  const pooling = numberOf(model, 'pooling_type');
  if (pooling !== MEAN_POOLING) {
    throw new RerankError(
      'MODEL_NOT_A_RERANKER',
      `${file.path}: bert without mean pooling (bert.pooling_type is ${pooling ?? 'absent'}, expected ${MEAN_POOLING}) cannot be scored: it is ` +
        'no embedding model of the known kind. Use all-MiniLM-L6-v2 or another model with mean pooling',
    );
  }
  const own = metadataValue(model, 'llama-rerank.max_tokens') as number | undefined;
  const maxTokens = Math.min(own ?? model.dimensions.context, model.dimensions.context);
  const open = ({ info }: Engine, ubatchSize: number): Family =>
    similarity({ prefix: [info.bos], suffix: [info.sep], maxTokens, batchTokens: Math.max(ubatchSize, maxTokens) });
  return { name: 'similarity', head: undefined, native: {}, open };
}
