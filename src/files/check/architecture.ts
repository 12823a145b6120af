/** What a number, text or switch of the metadata may be. `optional`: it may be absent. */
export type ValueRule =
  | { readonly type: 'u32' | 'f32'; readonly least: number; readonly most: number; readonly optional?: true }
  | { readonly type: 'f32'; readonly above: number; readonly below: number; readonly optional?: true }
  | { readonly type: 'u32' | 'bool' | 'string'; readonly oneOf: readonly (string | number | boolean)[]; readonly optional?: true }
  | { readonly type: 'string'; readonly longest: number; readonly optional?: true };

/** Rules by key. `tokenizer.*`, `general.*` and `llama-rerank.*` are whole keys; others follow the architecture's name. */
export type ValueRules = Readonly<Record<string, ValueRule>>;

/** Lengths that shapes are made of. */
export interface Dimensions {
  readonly layers: number;
  /** Numbers of one state. */
  readonly width: number;
  readonly headSize: number;
  /** Numbers of all heads' queries. */
  readonly queries: number;
  /** Numbers of all heads' keys, and as many values. */
  readonly keys: number;
  /** All heads' queries, keys and values in one tensor. */
  readonly queriesKeysValues: number;
  readonly ffn: number;
  /** Both halves of a gated feed-forward layer in one tensor. */
  readonly ffnPair: number;
  /** Numbers between the two dense layers behind the pooling. */
  readonly dense: number;
  readonly context: number;
  readonly tokens: number;
  readonly tokenTypes: number;
  /** Outputs of a classifier. */
  readonly labels: number;
}

/** What a tensor is used for, which decides about its type. */
export type TensorRole = 'matrix' | 'table' | 'vector';

export interface TensorRule {
  /** `*` stands for each layer's number. */
  readonly name: string;
  readonly role: TensorRole;
  readonly shape: readonly (keyof Dimensions)[];
  /** It may be missing, or only the first layer's may. */
  readonly optional?: true | 'first';
  /** The rule holds only where this tensor is there, of the same layer. */
  readonly beside?: string;
  /** The rule holds only where this tensor is not there. */
  readonly insteadOf?: string;
}

/** A token that must be there under a certain id. */
export interface SpecialRule {
  /** Key that holds the id. */
  readonly key: string;
  /** Id without the key. */
  readonly fallback?: number;
  /** The key must be there; else it may be absent. */
  readonly required?: true;
  /** Need not be a control token. */
  readonly anyType?: true;
  readonly texts: readonly string[];
}

export interface VocabularyRules {
  /** `tokenizer.ggml.model` */
  readonly model: string;
  /** Accepted values of `tokenizer.ggml.pre`; without it, the key does not matter. */
  readonly pre?: readonly string[];
  readonly merges?: true;
  readonly scores?: true;
  /** There may be a table of replaced characters, `tokenizer.ggml.precompiled_charsmap`. */
  readonly charsmap?: true;
  /** What is no token is spelled in tokens for single bytes, which must all be there. */
  readonly bytes?: true;
  /** Bytes. WordPiece takes time in proportion to it for each character of a long word. */
  readonly longestToken: number;
  readonly specials: readonly SpecialRule[];
}

/** One architecture that this version loads: everything that its files must say and hold. Adding one is adding a table. */
export interface Architecture {
  /** `general.architecture` */
  readonly name: string;
  readonly values: ValueRules;
  /** Heads may have another size than width / heads. */
  readonly ownHeadSize?: true;
  /** Several heads may share keys and values. */
  readonly sharedKeys?: true;
  /** Positions rotate pairs of a head's numbers. */
  readonly rotary?: true;
  /** llama.cpp finds out the layers with a sliding window by itself: in each `period` of layers, all but one, the first or the last. */
  readonly ownWindow?: { readonly period: number; readonly without: 'first' | 'last' };
  /** Most outputs of a classifier; without it, as many as a state has numbers. */
  readonly mostLabels?: number;
  readonly tensors: readonly TensorRule[];
  readonly vocabularies: readonly VocabularyRules[];
}

/** The key in the file that a rule is about. */
export function keyOf(architecture: string, rule: string): string {
  return /^(tokenizer|general|llama-rerank)\./.test(rule) ? rule : `${architecture}.${rule}`;
}
