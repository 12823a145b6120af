import { RerankError } from '../errors.js';
import type { Tokenizer } from '../family.js';
import type { PromptPart } from '../texts.js';
import { buildPrompt, DOCUMENT_MARKER, QUERY_MARKER, SYSTEM_PARTS } from './prompt.js';

/** A prompt as the model reads it. */
export interface EncodedPrompt {
  readonly tokens: Int32Array;
  /** Position of each document's marker, in the order of the documents. */
  readonly documentMarkers: readonly number[];
  readonly queryMarker: number;
  /** Where the system's part and where the query's part ends: other prompts may begin with the same tokens. */
  readonly cuts: readonly [system: number, query: number];
}

/** Ids of the special tokens by their text. */
export type SpecialIds = Readonly<Record<string, number>>;

/**
 * Step 3: tokens of prompts. Each run of text is tokenized as one string in which no special token is recognised; the special
 * tokens are placed by us, so text cannot forge one.
 */
export async function encodePrompts(
  tokenizer: Tokenizer,
  prompts: readonly { query: string; documents: readonly string[]; instruction: string }[],
  specials: SpecialIds,
  signal?: AbortSignal,
): Promise<EncodedPrompt[]> {
  const built = prompts.map((p) => buildPrompt(p.query, p.documents, p.instruction));
  const runs = built.flatMap((parts) => parts.filter((part) => typeof part === 'string'));
  const ids = await tokenizer.tokenize(runs, signal);
  let next = 0;
  return built.map((parts, b) => {
    const pieces = parts.map((part) =>
      typeof part === 'string' ? (ids[next++] as Int32Array) : specialId(specials, part.special),
    );
    return join(parts, pieces, (prompts[b] as { documents: readonly string[] }).documents.length);
  });
}

function specialId(specials: SpecialIds, text: string): Int32Array {
  return Int32Array.of(specials[text] as number);
}

function join(parts: readonly PromptPart[], pieces: readonly Int32Array[], documents: number): EncodedPrompt {
  const tokens = new Int32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  const documentMarkers: number[] = [];
  let queryMarker = -1;
  const cuts: [number, number] = [0, 0];
  let at = 0;
  parts.forEach((part, i) => {
    const piece = pieces[i] as Int32Array;
    if (i === SYSTEM_PARTS.length) cuts[0] = at;
    if (i === SYSTEM_PARTS.length + 1) cuts[1] = at;
    if (part === DOCUMENT_MARKER) documentMarkers.push(at);
    if (part === QUERY_MARKER) queryMarker = at;
    tokens.set(piece, at);
    at += piece.length;
  });
  const count = (id: number) => tokens.reduce((sum, token) => sum + (token === id ? 1 : 0), 0);
  const found = count(tokens[documentMarkers[0] as number] as number);
  if (found !== documents || count(tokens[queryMarker] as number) !== 1) {
    throw new RerankError('INTERNAL', `expected ${documents} document markers and 1 query marker in the prompt, got ${found}`);
  }
  return { tokens, documentMarkers, queryMarker, cuts };
}
