import { packBatches } from '../batches.js';
import type { Family, Job, Plan, RerankRequest, Tokenizer } from '../family.js';
import { cosine } from '../vectors.js';

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
      const embeddings = unpack(plan, states);
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
  const sequences = ids.map((list, i) => [...options.prefix, ...list.subarray(0, limits[i]), ...options.suffix]);
  const batches = packBatches(
    sequences.map((sequence) => sequence.length),
    options.batchTokens,
  );
  const truncated = ids.map((list, i) => list.length > (limits[i] as number));
  return {
    jobs: batches.map(
      (batch): Job => ({
        tokens: Int32Array.from(batch.flatMap((i) => sequences[i] as number[])),
        lengths: Int32Array.from(batch, (i) => (sequences[i] as number[]).length),
        rows: new Int32Array(),
        cuts: new Int32Array(),
      }),
    ),
    documents: batches,
    queryTokens: Math.min((ids[last] as Int32Array).length, limits[last] as number),
    queryTruncated: truncated[last] as boolean,
    truncated: truncated.slice(0, -1),
    overflow: 'none',
  };
}

/** One row for each text. Texts of equal tokens share one: a row's last bits depend on its company, and equal texts must tie. */
function unpack(plan: Plan, states: readonly Float32Array[]): Float32Array[] {
  const rows: Float32Array[] = [];
  const shared = new Map<string, Float32Array>();
  plan.documents.forEach((batch, b) => {
    const { tokens, lengths } = plan.jobs[b] as Job;
    const all = states[b] as Float32Array;
    const width = all.length / batch.length;
    let at = 0;
    batch.forEach((index, i) => {
      const key = tokens.subarray(at, at + (lengths[i] as number)).join();
      at += lengths[i] as number;
      const row = shared.get(key) ?? all.subarray(i * width, (i + 1) * width);
      shared.set(key, row);
      rows[index] = row;
    });
  });
  return rows;
}
