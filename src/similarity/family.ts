import { rowsOf } from '../batches.js';
import type { Embeddings, Family, Plan } from '../family.js';
import { mapInTurns } from '../turns.js';
import { cosine, normalizedRows } from '../vectors.js';
import { blend } from './blend.js';
import { planPair, planTexts, type SimilarityOptions } from './plan.js';

/** Embedding models: every text is a sequence of its own; the score is the cosine of document and query, or a blend with BM25. */
export function similarity(options: SimilarityOptions): Family {
  const limit = options.maxTokens - options.before.length - options.after.length;
  const hasInstruction = options.prefixes?.instruction !== undefined;
  return {
    name: 'similarity',
    scoreKind: options.lexical ? 'blend' : 'cosine',
    states: options.states,
    options: ['returnEmbeddings', 'documentEmbeddings', ...(hasInstruction ? (['instruction'] as const) : [])],
    overflows: ['truncate', 'error'],
    defaults: {
      maxQueryTokens: limit,
      maxDocumentTokens: limit,
      blockSize: Number.MAX_SAFE_INTEGER,
      overflow: 'truncate',
    },
    contextSize: options.maxTokens,
    plan: (request, tokenizer, capacity, signal) => planPair(request, tokenizer, options, capacity, signal),
    async score(plan, states) {
      const vectors = await vectorsOf(plan, states, options.width);
      const query = vectors.at(-1) as Float32Array;
      const documents = plan.documentEmbeddings ?? vectors.slice(0, -1);
      const cosines = Float64Array.from(await mapInTurns(documents, (document) => cosine(document, query)));
      if (!plan.lexical) return { scores: cosines, embeddings: documents };
      const parts = { cosine: cosines, bm25: plan.lexical.bm25 };
      return { scores: blend(cosines, plan.lexical), parts, embeddings: documents };
    },
    embeddings: {
      plan: (texts, tokenizer, capacity, signal) => planTexts(texts, tokenizer, options, capacity, signal),
      // Copies, since the others lie in one memory with their neighbours.
      vectors: async (plan, states) => mapInTurns(await vectorsOf(plan, states, options.width), (vector) => vector.slice()),
    } satisfies Embeddings,
  };
}

/** One vector of length 1 for each text of the plan, in order. */
async function vectorsOf(plan: Plan, states: readonly Float32Array[], width: number): Promise<Float32Array[]> {
  const unit = await mapInTurns(states, (rows) => normalizedRows(rows, width));
  const rows = rowsOf(plan.members, unit);
  return (plan.windows as readonly (readonly [number])[]).map(([place]) => rows.get(place) as Float32Array);
}
