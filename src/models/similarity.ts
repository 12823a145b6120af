import type { Engine } from '../engine/engine.js';
import { RerankError } from '../errors.js';
import type { Family } from '../family.js';
import { similarity } from '../similarity/family.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { embedderSettings, isCausal } from './embedder.js';
import { metadataValue } from './metadata.js';
import { surroundings } from './surroundings.js';

/** Trained with the exact GELU, where llama.cpp approximates it. */
const EXACT_GELU = ['bert', 'jina-bert-v2', 'modern-bert'];

/** Embedding models. */
export async function chooseSimilarity(candidate: Candidate): Promise<FamilyChoice> {
  const { model, file, head } = candidate;
  if (head !== undefined)
    throw new RerankError('INVALID_ARGUMENT', `options.head: ${file.path} is an embedding model, it takes no head`);
  const { states, prefixes, end, lexical } = embedderSettings(candidate);
  const own = metadataValue(model, 'llama-rerank.max_tokens') as number | undefined;
  const maxTokens = Math.min(own ?? model.dimensions.context, model.dimensions.context);
  const open = ({ info }: Engine, ubatchSize: number): Family =>
    similarity({
      states,
      ...surroundings(model, info, isCausal(candidate), end),
      prefixes,
      lexical,
      maxTokens,
      batchTokens: ubatchSize,
      width: info.embedding,
    });
  const exactGelu = EXACT_GELU.includes(model.architecture.name);
  return { name: 'similarity', head: undefined, prefixes, native: exactGelu ? { exactGelu } : {}, open };
}
