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
  readonly ffn: number;
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
  readonly optional?: true;
}

/** A token that must be there under a certain id. */
export interface SpecialRule {
  /** Key that holds the id. */
  readonly key: string;
  /** Id without the key; without it, the key may be absent. */
  readonly fallback?: number;
  readonly texts: readonly string[];
}

export interface VocabularyRules {
  /** `tokenizer.ggml.model` */
  readonly model: string;
  /** Accepted values of `tokenizer.ggml.pre`; without it, the key does not matter. */
  readonly pre?: readonly string[];
  readonly merges?: true;
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
  readonly tensors: readonly TensorRule[];
  readonly vocabularies: readonly VocabularyRules[];
}

/** The key in the file that a rule is about. */
export function keyOf(architecture: string, rule: string): string {
  return /^(tokenizer|general|llama-rerank)\./.test(rule) ? rule : `${architecture}.${rule}`;
}
