/** How a model scores: all documents in one prompt, each document with the query, or each text alone. */
export type ModelFamily = 'listwise' | 'pairwise' | 'similarity';

/**
 * What `relevanceScore` is. `cosine`: from -1 to 1, no probability. `probability`: from 0 to 1, the sigmoid of `logit`; comparable between
 * calls with one model. `blend`: cosine and BM25 (`LoadOptions.lexical`), about where the list's cosines are; it compares within one list
 * only.
 */
export type ScoreKind = 'cosine' | 'probability' | 'blend';

/**
 * What happens when a text is too long. Listwise models: the list is `split` into several prompts (default), or the longest documents
 * are cut evenly (`truncate`). Pairwise models: the document is cut (`truncate`, default), or read in overlapping windows of which the best
 * counts (`chunk`). Similarity models: `truncate`. All: `error`, which is CONTEXT_OVERFLOW.
 */
export type Overflow = 'split' | 'truncate' | 'chunk' | 'error';

/** How the states of a text's tokens become its embedding: their mean, the first one (`[CLS]`), or the last one. */
export type Pooling = 'mean' | 'cls' | 'last';

/** Which device runs the model. `auto` takes a GPU when its llama.cpp package is installed and a device answers. */
export type Gpu = 'auto' | 'cpu' | 'metal' | 'cuda' | 'vulkan';

export interface Progress {
  /** `download` counts bytes, `load` fractions of the model file (total 1), `states` tokens. */
  stage: 'download' | 'load' | 'states';
  done: number;
  total: number;
  /** Cascades: which stage it is of, from 0, and how many there are. Each begins at 0 again. */
  step?: { index: number; count: number };
}

export interface LoadOptions {
  /** File with the model's head (projector), if it is not beside the model. */
  head?: string;
  /** Whether a model that has a name and is not on this machine is fetched (`auto`, the default), or is the error OFFLINE. */
  download?: 'auto' | 'never';
  /** The model file's sha256 in hexadecimal. Another one is the error MODEL_HASH_MISMATCH, before anything else reads the file. */
  sha256?: string;
  /** Remarks for a person when a model is fetched: its licence, a revision that may change. Default: a process warning. */
  onNotice?: (notice: string) => void;
  /** Embedding models: default what the file says. llama.cpp's `--pooling`. */
  pooling?: Pooling;
  /**
   * Embedding models: what stands before a query, with `{instruction}` where the call's instruction belongs; default what is known of the
   * model: see `reranker.model.prefixes`.
   */
  queryPrefix?: string;
  /** Embedding models: what stands before a document. */
  documentPrefix?: string;
  /**
   * Embedding models: share of BM25 in the score, from 0 to 1. 0 is the cosine alone; default 0.25 for all-MiniLM-L6-v2, 0 for others.
   * In short lists it counts less (docs/models.md). With the vocabulary of English BERT it rises to 1 for queries of which the vocabulary
   * knows letters only.
   */
  lexical?: number;
  /** Default `auto`. Naming a GPU that is not there is the error GPU_UNAVAILABLE. */
  gpu?: Gpu;
  /** Layers to keep on the GPU; default all. llama.cpp's `--gpu-layers`. */
  gpuLayers?: number;
  /** Threads for inference, 1 to 512; default the number of cores, at most 16. llama.cpp's `--threads`. */
  threads?: number;
  /** Tokens that one prompt may hold; default what the model was made for. llama.cpp's `--ctx-size`. */
  contextSize?: number;
  /** Tokens in one micro-batch, 16 to 8192; default 512. llama.cpp's `--ubatch-size`. */
  ubatchSize?: number;
  /** Default true. llama.cpp's `--flash-attn`. */
  flashAttention?: boolean;
  /**
   * Map the file instead of reading it: the memory is shared with other processes. Default false, since a file that is cut short while
   * it is mapped ends the process; each call checks first that it was not (MODEL_CHANGED). llama.cpp's `--mmap`.
   */
  mmap?: boolean;
  /** Type of the attention cache; default `f16`. */
  kvCacheType?: 'f16' | 'q8_0';
  /** Bytes that the attention cache may take; default a quarter of the memory free at load. */
  memoryBudget?: number;
  /**
   * Run the model in a process of its own (Electron's utility process in its main process), with the same calls and results. What ends that
   * process, such as a failed assertion of llama.cpp, rejects the calls under way with WORKER_CRASHED; the next call starts it again, with
   * the same file. Default false. docs/isolation.md has what it costs.
   */
  isolate?: boolean;
  /** Cancels loading: the promise rejects with the signal's reason and everything is freed. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** How the text of a document is found: documents that are strings need nothing. */
export type TextAccessor<T> = (T extends object ? keyof T & string : never) | ((document: T) => string);

export interface RerankOptions<T = string> {
  /** Keep the best `topN` documents; larger than the list means all. */
  topN?: number;
  /**
   * Keep documents with at least this score. Scores depend on the model and, for listwise models and blended scores, on the list: a
   * threshold for several lists needs `lexical: 0`, or `parts.cosine`.
   */
  minScore?: number;
  /** Property name or function that gives a document's text; default the document itself, or its `text`. */
  text?: TextAccessor<T>;
  /** Add each document's embedding to its result (listwise and similarity models). */
  returnEmbeddings?: boolean;
  /**
   * What `embedDocuments` gave for the same documents in the same order: only the query is computed (similarity models). `truncated` is
   * then false, and `usage` counts the query alone.
   */
  documentEmbeddings?: readonly Float32Array[];
  /**
   * Instruction for the ranking: listwise models, pairwise ones with a prompt (Qwen3-Reranker, mxbai-rerank-v2), and embedding models whose
   * query prefix has a place for it (Qwen3-Embedding).
   */
  instruction?: string;
  /** Tokens a document may have before it is cut, or with `chunk`, those of a window; default the model's. */
  maxDocumentTokens?: number;
  /** Tokens the query may have before it is cut; default the model's. Pairwise models: at most three quarters of a pair. */
  maxQueryTokens?: number;
  /** Most documents in one prompt (listwise models); default 125. */
  blockSize?: number;
  /** Default `split` for listwise models, `truncate` for others. */
  overflow?: Overflow;
  /** Cancels the call: queued calls never run, a running one stops within one micro-batch. */
  signal?: AbortSignal;
  /** Milliseconds after which the call fails with TIMEOUT, waiting included. */
  timeout?: number;
  /**
   * Cascades: milliseconds from the call, waiting included, after which no stage but the first goes on. What was not scored until then keeps
   * the order of the stage before; the call does not fail.
   */
  deadline?: number;
  onProgress?: (progress: Progress) => void;
}

export interface EmbedOptions<T = string> extends Pick<RerankOptions<T>, 'text' | 'signal' | 'timeout' | 'onProgress'> {}

export interface RerankResult<T = string> {
  /** Place of the document in the list that was given. */
  index: number;
  /** See `reranker.scoreKind`. */
  relevanceScore: number;
  /** Pairwise models: the number of which `relevanceScore` is the sigmoid. */
  logit?: number;
  /** Blended scores: what they are made of. `bm25` is 0 or more, and compares within one list only. */
  parts?: { cosine: number; bm25: number };
  /** With `overflow: 'chunk'`: which window of the document (from 0) gave the score, and how many there are. */
  chunk?: { index: number; count: number };
  /** The document itself, by reference. */
  document: T;
  /** Whether the model saw only the beginning of the document. */
  truncated: boolean;
  /** With `returnEmbeddings`. */
  embedding?: number[];
  /** Cascades: the stage that scored it, from 0. Scores of different stages do not compare. */
  stage?: number;
}

export interface Usage {
  /** Tokens of all prompts; what all prompts of a call begin with counts once (Qwen3-Reranker, mxbai-rerank-v2). */
  totalTokens: number;
  /** Tokens whose states were still there from an earlier call. */
  reusedTokens: number;
  /** Tokens of the query, after it was cut. */
  queryTokens: number;
  queryTruncated: boolean;
  /** Prompts (listwise) or batches that the work took. */
  blocks: number;
  /** What was done because the list did not fit one prompt. */
  overflow: 'none' | 'split' | 'truncate' | 'chunk';
  /** Wall time of each stage. */
  milliseconds: { queue: number; tokens: number; states: number; score: number; total: number };
}

export interface RerankResponse<T = string> {
  /** Best first; equal scores in the order of the input. */
  results: RerankResult<T>[];
  /** Cascades: the sum of all stages. */
  usage: Usage;
  /** Cascades: what each stage did. */
  stages?: StageReport[];
}

export interface StageReport {
  /** `model.name` of the stage. */
  model: string;
  /** What `relevanceScore` is in the results of this stage. */
  scoreKind: ScoreKind;
  /** Documents it was given: all of them, or at most `keep`. */
  documents: number;
  /** Documents it scored: fewer where the deadline came first. */
  scored: number;
  complete: boolean;
  /** Wall time, with waiting and what the deadline stopped. */
  milliseconds: number;
  /** Of what it finished. */
  usage: Usage;
}

export interface CascadeOptions {
  /** How many of the best documents the next stage scores, 20 unless given; with more than two stages, a number for each but the first. */
  keep?: number | readonly number[];
}

export interface ModelInfo {
  path: string;
  head: string | undefined;
  family: ModelFamily;
  scoreKind: ScoreKind;
  /** Embedding models: what stands before queries and documents, if anything. */
  prefixes: { query: string; document: string; instruction?: string } | undefined;
  /** `general.architecture`, for example `qwen3`. */
  architecture: string;
  name: string;
  /** llama.cpp's description, for example `qwen3 0.6B Q8_0`. */
  description: string;
  bytes: number;
  parameters: number;
  /** Tokens that one prompt may hold. */
  contextSize: number;
  maxQueryTokens: number;
  maxDocumentTokens: number;
  /** Name of the device that computes, for example `CPU` or `Metal`. */
  device: string;
  /** llama.cpp's release, for example `0.4.0`. */
  llamaCpp: string;
  /** Where models differ in the options of a call: those that this one has a use for, and its ways of `overflow`. */
  accepts?: { options: readonly string[]; overflows: readonly Overflow[] };
  /** Cascades: the models of all stages, and how many documents each but the first scores. */
  cascade?: { stages: readonly Readonly<ModelInfo>[]; keep: readonly number[] };
}

/** What ranks: a model in this process, in a process of its own, or several models as a cascade. `Reranker` documents the methods. */
export interface Ranker {
  readonly model: Readonly<ModelInfo>;
  readonly scoreKind: ScoreKind;
  rerank<T>(query: string, documents: readonly T[], options?: RerankOptions<T>): Promise<RerankResponse<T>>;
  embedDocuments<T>(documents: readonly T[], options?: EmbedOptions<T>): Promise<Float32Array[]>;
  countTokens(texts: readonly string[]): Promise<number[]>;
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
