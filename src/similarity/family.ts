import { packSequences, rowsOf } from '../batches.js';
import type { Family, Plan, RerankRequest, Tokenizer } from '../family.js';
import { cosine } from '../vectors.js';

/** llama.cpp's limit in one batch. */
const MOST_SEQUENCES = 64;

/** What the vocabulary puts around a text, and the limits of the model. */
export interface SimilarityOptions {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** Tokens of one text, prefix and suffix included. */
  readonly maxTokens: number;
  /** Tokens of one batch. */
  readonly batchTokens: number;
}

/** Embedding models: every text is a sequence of its own; the score is the cosine of the mean states. */
export function similarity(options: SimilarityOptions): Family {
  const limit = options.maxTokens - options.prefix.length - options.suffix.length;
  return {
    name: 'similarity',
    scoreKind: 'cosine',
    states: 'mean',
    options: ['returnEmbeddings', 'documentEmbeddings'],
    overflows: ['truncate', 'error'],
    defaults: {
      maxQueryTokens: limit,
      maxDocumentTokens: limit,
      blockSize: Number.MAX_SAFE_INTEGER,
      overflow: 'truncate',
    },
    contextSize: options.maxTokens,
    plan: (request, tokenizer, _capacity, signal) => plan(request, tokenizer, options, limit, signal),
    async score(plan: Plan, states) {
      const rows = rowsOf(plan.members, states);
      const embeddings = (plan.windows as readonly (readonly [number])[]).map(([place]) => rows.get(place) as Float32Array);
      const query = embeddings.at(-1) as Float32Array;
      const documents = embeddings.slice(0, -1);
      return { scores: Float64Array.from(documents, (document) => cosine(document, query)), embeddings: documents };
    },
  };
}

async function plan(
  request: RerankRequest,
  tokenizer: Tokenizer,
  options: SimilarityOptions,
  limit: number,
  signal?: AbortSignal,
): Promise<Plan> {
  // The query comes last, as text number `texts.length`.
  const ids = await tokenizer.tokenize([...request.texts, request.query], signal);
  const last = ids.length - 1;
  const limits = ids.map((_, i) => Math.min(limit, i === last ? request.maxQueryTokens : request.maxDocumentTokens));
  const sequences = ids.map((list, i) => ({
    tokens: Int32Array.from([...options.prefix, ...list.subarray(0, limits[i]), ...options.suffix]),
  }));
  const { jobs, members, places } = packSequences(sequences, options.batchTokens, MOST_SEQUENCES);
  const truncated = ids.map((list, i) => list.length > (limits[i] as number));
  return {
    jobs,
    members,
    windows: places.map((place) => [place]),
    queryTokens: Math.min((ids[last] as Int32Array).length, limits[last] as number),
    queryTruncated: truncated[last] as boolean,
    truncated: truncated.slice(0, -1),
    overflow: 'none',
  };
}
