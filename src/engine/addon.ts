import { addonCandidates, loadFirst } from './find-addon.js';

/**
 * The whole contract of the native addon. Only strings, numbers, booleans and flat typed arrays cross it; inputs are copied at
 * the call and every result is fresh. Errors thrown or rejected by it carry a `code` string (see `native/error.h`).
 */
export interface NativeAddon {
  /**
   * Opens llama.cpp's shared libraries, once a process. A second call with the same folder answers the same; another folder
   * throws LIBRARY_CONFLICT. `folder` is absolute, the others are names in it.
   */
  openLibrary(folder: string, llamaFile: string, ggmlFile: string, baseFile: string): NativeLibrary;
  /** Devices of the opened library, CPU included. */
  devices(): NativeDevice[];
  /** 0 silent, 1 errors, 2 warnings, 3 information, 4 everything: llama.cpp's own lines, to stderr. */
  setLogLevel(level: number): void;
  /** Stops and frees everything that this environment made. Synchronous; for the way out. */
  shutdown(): void;
  /** The most of the addon's kernels, up to `most`, that this build and processor have. */
  kernels(most: Kernels): Kernels;
  /** Writes `output` as a quantized copy of `input`; `fileType` is a `llama_ftype`. */
  quantize(input: string, output: string, fileType: number, threads: number): Promise<void>;
  Model: new (path: string, options: NativeModelOptions, onProgress: ((fraction: number) => void) | null) => NativeModel;
  Context: new (model: NativeModel, options: NativeContextOptions) => NativeContext;
  /** Dense layers one after the other, on the model's thread. Weights are copied. */
  Head: new (
    model: NativeModel,
    width: number,
    layers: readonly DenseLayer[],
  ) => NativeHead;
  /** `count` numbers of a tensor's bytes, of a type as in GGUF files (`Q8_0`, `F16`, ...). */
  dequantize(type: string, bytes: Uint8Array, count: number): Float32Array;
}

/**
 * Instructions that the addon's own kernels may use where the processor has them, each with what precedes it: none, so that ggml computes
 * everything; those of every processor; AVX2 with FMA and F16C; AVX-VNNI; AVX-512 with VNNI.
 */
export const KERNELS = ['off', 'plain', 'avx2', 'avxvnni', 'avx512'] as const;
export type Kernels = (typeof KERNELS)[number];

/** `activation(weight * x + bias)`; `weight` is row-major, a row for each output. `gelu` is the exact one. */
export interface DenseLayer {
  readonly weight: Float32Array;
  readonly bias?: Float32Array | undefined;
  readonly activation?: 'relu' | 'tanh' | 'gelu' | undefined;
}

export interface NativeLibrary {
  /** `0.4.0` */
  release: string;
  folder: string;
}

export interface NativeDevice {
  /** `CPU`, `Metal`, `CUDA0` */
  name: string;
  description: string;
  type: 'cpu' | 'gpu' | 'igpu' | 'accel';
  /** The backend that drives it: `CPU`, `Metal`, `CUDA`, `Vulkan`. */
  backend: string;
  memoryFree: number;
  memoryTotal: number;
}

export interface NativeModelOptions {
  gpuLayers: number;
  useGpu: boolean;
  mmap: boolean;
  /** An open descriptor of the file; it may be closed after the call. Without it, the path is opened. */
  descriptor?: number;
  /** Which file that is, for Windows, where the path is opened again: index, size and time of change in ns, joined by colons. */
  identity?: string;
  /** Tokens that layers with a sliding window see, where llama.cpp does not read it from the file. */
  windowTokens?: number;
  /** 1 for each layer that has the window. */
  windowLayers?: Uint8Array;
  /** By what llama.cpp's ALiBi slope of each head has to be multiplied to be the model's. */
  slopeFactors?: Float32Array;
  /** GELU as the error function has it, where llama.cpp computes an approximation. */
  exactGelu?: boolean;
  /** Rows 0 and 1 of the token types' table: `types` of a job choose between them. llama.cpp takes row 0 for every token. */
  typeRows?: Float32Array;
}

export interface NativeModel {
  /** Loads the file; the object is usable afterwards. Rejects with ABORTED after `abort()`. */
  load(): Promise<NativeModelInfo>;
  abort(): void;
  /**
   * Token ids of each text, without the vocabulary's own prefix and suffix tokens. Every character is text: no control or
   * user-defined token is recognised. `lengths[i]` ids belong to text i.
   */
  tokenize(texts: string[]): Promise<{ ids: Int32Array; lengths: Int32Array }>;
  /** Text of `lengths[i]` ids each; a character cut in half at the end is left out. */
  detokenize(ids: Int32Array, lengths: Int32Array): Promise<string[]>;
  /** Stops work, joins the thread and frees the weights once no context uses them. Idempotent. */
  close(): Promise<void>;
}

export interface NativeModelInfo {
  /** Scalars of the file's metadata, as llama.cpp prints them. */
  metadata: Record<string, string>;
  description: string;
  bytes: number;
  parameters: number;
  layers: number;
  embedding: number;
  contextTrain: number;
  classifierOutputs: number;
  /** Ids of the vocabulary's own tokens; -1 where it has none. */
  bos: number;
  eos: number;
  sep: number;
  vocabulary: number;
  /** Text and id of each control token. */
  control: Record<string, number>;
}

export interface NativeContextOptions {
  /**
   * `marked`: causal model, one prompt, states of marked rows. `all`: the same through `embeddings = true` (slow; for comparison).
   * `last`: causal model, several sequences that may share their beginning, the last state of each.
   * `mean`, `first`: encoder, several sequences, the mean or the first state of each. `rank`: the same, what the classifier in the file gives.
   */
  states: 'marked' | 'all' | 'last' | 'mean' | 'first' | 'rank';
  threads: number;
  ubatch: number;
  flashAttention: boolean;
  kernels: Kernels;
  kvCacheType: 'f16' | 'q8_0';
  /** Most tokens a prompt may have; a longer one rejects with CONTEXT_OVERFLOW. */
  maxTokens: number;
}

export interface NativeJob {
  tokens: Int32Array;
  /**
   * `mean`, `first`, `rank`: tokens of each sequence, at most 64 of them. `last`: tokens of the shared beginning (0 if none), then the own
   * tokens of each sequence, at most 63 of them. `marked`, `all`: one entry.
   */
  lengths: Int32Array;
  /** `marked`, `all`: positions whose states are wanted, ascending. */
  rows: Int32Array;
  /** `marked`, `all`: ascending positions at which a micro-batch must begin, so that what precedes them can be reused by a later call. */
  cuts: Int32Array;
  /** 0 or 1 for each token, with `typeRows`. */
  types?: Uint8Array | undefined;
}

export interface NativeStates {
  /** One state of `embedding` numbers for each row or sequence, raw; `rank`: of `classifierOutputs` numbers. */
  states: Float32Array;
  reusedTokens: number;
}

export interface NativeContext {
  /** One at a time. Rejects with ABORTED after `abort()`; the next call is right again. */
  run(job: NativeJob, onProgress: ((tokens: number) => void) | null): Promise<NativeStates>;
  abort(): void;
  close(): Promise<void>;
}

export interface NativeHead {
  /** Rows of `width` numbers in, one row of the last layer's outputs for each. */
  apply(states: Float32Array): Promise<Float32Array>;
}

let loaded: NativeAddon | undefined;

/**
 * Loads the compiled addon, once: what `LLAMA_RERANK_ADDON` names, or what was compiled in this checkout, or the platform's package.
 *
 * @throws RerankError NATIVE_LOAD_FAILED with what was tried.
 */
export function loadAddon(): NativeAddon {
  if (loaded) return loaded;
  const addon = loadFirst(addonCandidates(), Boolean(process.env.LLAMA_RERANK_ADDON)) as NativeAddon;
  // Cleanup hooks do not run on process.exit() or after a throw, so the threads are stopped here as well.
  process.on('exit', () => addon.shutdown());
  loaded = addon;
  return addon;
}
