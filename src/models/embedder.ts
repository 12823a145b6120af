import { basename } from 'node:path';
import { RerankError } from '../errors.js';
import type { Lexical } from '../similarity/blend.js';
import { type Embedder, findEmbedder, type Prefixes, SEARCH_INSTRUCTION } from '../similarity/embedders.js';
import type { Pooling } from '../types.js';
import type { Candidate } from './candidate.js';
import { hasTensor, metadataValue, numberOf } from './metadata.js';

/** Values of `<architecture>.pooling_type`: llama.cpp's `llama_pooling_type`. */
const POOLINGS: readonly (Pooling | 'none' | 'rank')[] = ['none', 'mean', 'cls', 'last', 'rank'];

/** Models that read a text from left to right: only the last state has seen all of it. */
export const CAUSAL = ['qwen2', 'qwen3'];

/** Size of the vocabulary that all uncased English BERTs share. */
const ENGLISH_PIECES = 30_522;

/** What the states have to be for the addon. */
const STATES = { mean: 'mean', cls: 'first', last: 'last' } as const;

export interface EmbedderSettings {
  readonly states: 'mean' | 'first' | 'last';
  readonly prefixes: Prefixes | undefined;
  /** Control token after each text, whatever the file says. */
  readonly end: string | undefined;
  readonly lexical: Lexical | undefined;
}

export function isCausal({ model }: Candidate): boolean {
  return CAUSAL.includes(model.architecture.name);
}

/** What the file says, undefined if nothing. */
export function filePooling({ model }: Candidate): (typeof POOLINGS)[number] | undefined {
  const type = numberOf(model, 'pooling_type');
  return type === undefined ? undefined : POOLINGS[type];
}

/**
 * How an embedding model reads texts: what the caller says, else what the file says, else what is known of a model of that name.
 *
 * @throws RerankError MODEL_NOT_A_RERANKER: nobody says how the states become an embedding, or a part of the model is not in the file;
 *   INVALID_ARGUMENT: the caller asks for states that do not exist
 */
export function embedderSettings(candidate: Candidate): EmbedderSettings {
  const known = knownEmbedder(candidate);
  expectDense(candidate);
  return {
    states: STATES[choosePooling(candidate, known)],
    prefixes: choosePrefixes(candidate, known),
    end: known?.end,
    lexical: chooseLexical(candidate, known),
  };
}

/** Whether anybody says that a model is for embeddings. */
export function isEmbedder(candidate: Candidate): boolean {
  const pooling = candidate.options?.pooling ?? filePooling(candidate) ?? 'none';
  return (
    candidate.known?.family === 'similarity' || !['none', 'rank'].includes(pooling) || knownEmbedder(candidate) !== undefined
  );
}

function knownEmbedder({ model, file, known }: Candidate): Embedder | undefined {
  const own = ['general.basename', 'general.name'].map((key) => metadataValue(model, key) as string | undefined);
  const named = findEmbedder(known ? [known.name] : [...own, basename(file.path)]);
  return known?.prefixes ? { ...named, prefixes: known.prefixes } : named;
}

function choosePooling(candidate: Candidate, known: Embedder | undefined): Pooling {
  const { name } = candidate.model.architecture;
  const { path } = candidate.file;
  const asked = candidate.options?.pooling;
  const own = filePooling(candidate);
  const pooling = asked ?? (own === 'none' ? undefined : own) ?? known?.pooling;
  if (pooling === undefined || pooling === 'rank') {
    throw new RerankError(
      'MODEL_NOT_A_RERANKER',
      `${path}: ${name}.pooling_type is ${own ? `${POOLINGS.indexOf(own)} (${own})` : 'absent'}, expected 1 (mean), 2 (cls) or 3 (last): ` +
        'the file does not say how its states become an embedding. If it is an embedding model, its model card says it: pass pooling (--pooling)',
    );
  }
  if ((pooling === 'last') === isCausal(candidate)) return pooling;
  throw new RerankError(
    asked === undefined ? 'MODEL_NOT_A_RERANKER' : 'INVALID_ARGUMENT',
    `${asked === undefined ? `${path}: ${name}.pooling_type` : 'options.pooling'}: expected ${isCausal(candidate) ? 'last' : 'mean or cls'} ` +
      `in a ${name} model, got ${pooling}`,
  );
}

function chooseLexical({ model, options }: Candidate, known: Embedder | undefined): Lexical | undefined {
  const weight = options?.lexical ?? known?.lexical ?? 0;
  if (weight === 0) return undefined;
  const isWordPiece = metadataValue(model, 'tokenizer.ggml.model') === 'bert';
  return { weight, isEnglish: isWordPiece && model.vocabulary.tokens.length === ENGLISH_PIECES };
}

function choosePrefixes({ model, known: entry, options }: Candidate, known: Embedder | undefined): Prefixes | undefined {
  const written = (key: string): string | undefined => {
    const value = metadataValue(model, `llama-rerank.${key}`);
    return typeof value === 'string' ? value : undefined;
  };
  const fallback = known?.prefixes;
  const own = entry?.prefixes;
  const query = options?.queryPrefix ?? own?.query ?? written('query_prefix') ?? fallback?.query ?? '';
  const document = options?.documentPrefix ?? own?.document ?? written('document_prefix') ?? fallback?.document ?? '';
  if (query === '' && document === '') return undefined;
  if (!query.includes('{instruction}')) return { query, document };
  return { query, document, instruction: fallback?.instruction ?? SEARCH_INSTRUCTION };
}

/** EmbeddingGemma's embedding is what two dense layers make of the mean; many files were converted without them. */
function expectDense({ model, file }: Candidate): void {
  if (model.architecture.name !== 'gemma-embedding' || hasTensor(model, 'dense_2.weight')) return;
  throw new RerankError(
    'MODEL_NOT_A_RERANKER',
    `${file.path}: the dense layers dense_2 and dense_3 are not in this file, and without them its embeddings are not the model's. ` +
      'Convert the model again with --sentence-transformers-dense-modules',
  );
}
