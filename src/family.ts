/** What passes between the steps of one call. Every value is made once and not changed afterwards. */
import type { ModelFamily, Overflow, Progress, ScoreKind } from './types.js';

/** Step 1: the call, checked, with the defaults filled in and the documents' texts taken. */
export interface RerankRequest {
  readonly query: string;
  readonly texts: readonly string[];
  readonly topN: number;
  readonly minScore: number | undefined;
  readonly returnEmbeddings: boolean;
  readonly instruction: string;
  readonly maxDocumentTokens: number;
  readonly maxQueryTokens: number;
  readonly blockSize: number;
  readonly overflow: Overflow;
  /** Similarity: what `embedDocuments` gave for these documents. */
  readonly documentEmbeddings: readonly Float32Array[] | undefined;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Turns text into ids and back, off the JavaScript thread. No special token is recognised in a text. */
export interface Tokenizer {
  tokenize(texts: readonly string[], signal?: AbortSignal): Promise<Int32Array[]>;
  detokenize(ids: readonly Int32Array[]): Promise<string[]>;
}

/** Work for the engine: see NativeJob in engine/addon.ts. */
export interface Job {
  readonly tokens: Int32Array;
  readonly lengths: Int32Array;
  readonly rows: Int32Array;
  readonly cuts: Int32Array;
  readonly types?: Uint8Array;
  /** Tokens at its beginning that the job before it begins with, too. Contexts with the states `last` do not compute them again. */
  readonly repeated?: number;
}

/** Steps 2 to 4: jobs that are known to fit, and what had to be cut for it. */
export interface Plan {
  readonly jobs: readonly Job[];
  /** For each job, what its rows are of, in that order: documents (listwise), or sequences (see batches.ts). */
  readonly members: readonly (readonly number[])[];
  /** For each document, the sequences that read it: one, or its windows. Pairwise and similarity. */
  readonly windows?: readonly (readonly number[])[];
  readonly queryTokens: number;
  readonly queryTruncated: boolean;
  readonly truncated: readonly boolean[];
  readonly overflow: 'none' | Exclude<Overflow, 'error'>;
  /** Similarity, blended with BM25. */
  readonly lexical?: LexicalPart | undefined;
  /** Similarity: what the request has of the documents. */
  readonly documentEmbeddings?: readonly Float32Array[] | undefined;
}

/** The BM25 scores of the documents, in input order, and their share of the result. */
export interface LexicalPart {
  readonly weight: number;
  readonly bm25: Float64Array;
}

/** Steps 6 and 7: one score for each document, in input order. */
export interface Scored {
  readonly scores: Float64Array;
  /** Pairwise: what the scores are the sigmoid of. */
  readonly logits?: Float64Array;
  /** With `chunk`: which of how many windows of each document is the best one. */
  readonly chunks?: readonly Chunk[];
  /** Similarity, blended: what the scores are made of. */
  readonly parts?: { readonly cosine: Float64Array; readonly bm25: Float64Array };
  readonly embeddings: readonly Float32Array[] | undefined;
}

export interface Chunk {
  readonly index: number;
  readonly count: number;
}

export interface FamilyDefaults {
  readonly maxQueryTokens: number;
  readonly maxDocumentTokens: number;
  readonly blockSize: number;
  readonly overflow: Overflow;
}

export type FamilyOption = 'instruction' | 'returnEmbeddings' | 'documentEmbeddings' | 'deadline';

/** Texts as vectors. Only families that read a text without the query and the other documents can do it. */
export interface Embeddings {
  plan(texts: readonly string[], tokenizer: Tokenizer, capacity: number, signal?: AbortSignal): Promise<Plan>;
  /** One vector of length 1 for each text of the plan. */
  vectors(plan: Plan, states: readonly Float32Array[]): Promise<Float32Array[]>;
}

/** One way of reranking. `reranker.ts` does not know which it runs. */
export interface Family {
  readonly name: ModelFamily;
  readonly scoreKind: ScoreKind;
  /** Which states the engine has to give: see NativeContextOptions. */
  readonly states: 'marked' | 'last' | 'mean' | 'first' | 'rank';
  /** Options that not every family has, and this one has. Others are refused, since they would do nothing. */
  readonly options: readonly FamilyOption[];
  readonly overflows: readonly Overflow[];
  readonly defaults: FamilyDefaults;
  /** Tokens of the longest prompt the model was made for. */
  readonly contextSize: number;
  /** Where the model's tokenizer is not the one that llama.cpp has. */
  readonly tokenizer?: Pick<Tokenizer, 'tokenize'>;
  /** `capacity`: tokens that a prompt may have on this machine. */
  plan(request: RerankRequest, tokenizer: Tokenizer, capacity: number, signal?: AbortSignal): Promise<Plan>;
  /** `states`: for each job of the plan, its rows. */
  score(plan: Plan, states: readonly Float32Array[]): Promise<Scored>;
  readonly embeddings?: Embeddings;
}
