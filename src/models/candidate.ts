import type { NativeModelOptions } from '../engine/addon.js';
import type { Engine } from '../engine/engine.js';
import type { Family } from '../family.js';
import type { KnownModel } from '../files/catalog.js';
import type { CheckedModel } from '../files/check/check.js';
import type { ModelFile } from '../files/model-file.js';
import type { Prefixes } from '../similarity/embedders.js';
import type { LoadOptions } from '../types.js';

/** A checked file, before its weights are loaded. */
export interface Candidate {
  readonly model: CheckedModel;
  readonly file: ModelFile;
  /** Its head file, if one was named. */
  readonly head: string | undefined;
  /** What the catalogue says about it, if it is there. */
  readonly known: KnownModel | undefined;
  /** What the caller says about an embedding model. */
  readonly options?: EmbedderOptions | undefined;
}

export type EmbedderOptions = Pick<LoadOptions, 'pooling' | 'queryPrefix' | 'documentPrefix' | 'lexical'>;

/** How a model reranks. */
export interface FamilyChoice {
  readonly name: Family['name'];
  readonly head: string | undefined;
  /** Similarity: what stands before queries and documents. */
  readonly prefixes?: Prefixes | undefined;
  /** What the addon has to correct in llama.cpp's graph of this model. */
  readonly native: Omit<NativeModelOptions, 'gpuLayers' | 'useGpu' | 'mmap' | 'descriptor' | 'identity'>;
  /** False where flash attention, which keeps keys and values in 16 bits, costs digits that count. */
  readonly flashAttention?: boolean;
  /** Makes the family, from the loaded model. */
  open(engine: Engine, ubatchSize: number): Family;
}
