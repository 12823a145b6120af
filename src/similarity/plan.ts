import { concat, packSequences, type Sequence } from '../batches.js';
import { RerankError } from '../errors.js';
import type { Plan, RerankRequest, Tokenizer } from '../family.js';
import { mapInTurns } from '../turns.js';
import { type Lexical, planLexical } from './blend.js';
import { fillInstruction, type Prefixes } from './embedders.js';

/** llama.cpp's limit in one batch. Those of causal models have a shared beginning as well, which is a sequence. */
const MOST_SEQUENCES = { mean: 64, first: 64, last: 63 };

/** How texts are read, and the limits of the model. */
export interface SimilarityOptions {
  /** Which states are a text's embedding. */
  readonly states: 'mean' | 'first' | 'last';
  /** Ids around a text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly prefixes?: Prefixes | undefined;
  /** Undefined: the cosine alone. */
  readonly lexical?: Lexical | undefined;
  /** Tokens of one text, all included. */
  readonly maxTokens: number;
  /** Tokens of one batch; a longer text has a batch of its own. */
  readonly batchTokens: number;
  /** Numbers of one embedding. */
  readonly width: number;
}

/** A text with what stands before it, and how much of it may be read. */
interface Piece {
  readonly name: string;
  readonly prefix: string;
  readonly text: string;
  /** Tokens of the text, its prefix not counted. */
  readonly most: number;
}

/** What is left of a piece. */
interface Cut extends Sequence {
  /** Tokens of the text that are read. */
  readonly read: number;
  readonly truncated: boolean;
}

/**
 * Steps 2 to 4: the documents, unless their embeddings are there, and the query last, each with its prefix. The query has a batch of its
 * own: what is in a batch moves the last digits of all of it (with Q8_0 by up to 0.001), and so scores are the same whether the
 * documents' embeddings are given or computed.
 */
export async function planPair(
  request: RerankRequest,
  tokenizer: Tokenizer,
  options: SimilarityOptions,
  capacity: number,
  signal?: AbortSignal,
): Promise<Plan> {
  const { documentEmbeddings, texts } = request;
  if (documentEmbeddings) expectWidth(documentEmbeddings, options.width);
  const { query = '', instruction = '' } = options.prefixes ?? {};
  const asked: Piece = {
    name: 'query',
    prefix: fillInstruction(query, request.instruction || instruction),
    text: request.query,
    most: request.maxQueryTokens,
  };
  const read = documentEmbeddings ? [] : documentPieces(texts, options, request.maxDocumentTokens);
  const cuts = await cutPieces([...read, asked], tokenizer, options, capacity, request.overflow === 'error', signal);
  const last = cuts.at(-1) as Cut;
  const documents = await batches(cuts.slice(0, -1), options, capacity, signal);
  const { jobs } = await batches([last], options, capacity, signal);
  return {
    jobs: [...documents.jobs, ...jobs],
    members: [...documents.members, [cuts.length - 1]],
    windows: [...documents.windows, [cuts.length - 1]],
    overflow: 'none',
    documentEmbeddings,
    lexical: options.lexical && (await planLexical(request, tokenizer, options.lexical, signal)),
    queryTokens: last.read,
    queryTruncated: last.truncated,
    truncated: documentEmbeddings ? texts.map(() => false) : cuts.slice(0, -1).map(({ truncated }) => truncated),
  };
}

/** The same for documents without a query. */
export async function planTexts(
  texts: readonly string[],
  tokenizer: Tokenizer,
  options: SimilarityOptions,
  capacity: number,
  signal?: AbortSignal,
): Promise<Plan> {
  const pieces = documentPieces(texts, options, options.maxTokens);
  const cuts = await cutPieces(pieces, tokenizer, options, capacity, false, signal);
  const truncated = cuts.map((cut) => cut.truncated);
  return {
    ...(await batches(cuts, options, capacity, signal)),
    overflow: 'none',
    queryTokens: 0,
    queryTruncated: false,
    truncated,
  };
}

function documentPieces(texts: readonly string[], { prefixes }: SimilarityOptions, most: number): Piece[] {
  const prefix = prefixes?.document ?? '';
  return texts.map((text, i) => ({ name: `documents[${i}]`, prefix, text, most }));
}

/** Prefix and text are tokenized as one, as the models were trained; what is too long loses its end. */
async function cutPieces(
  pieces: readonly Piece[],
  tokenizer: Tokenizer,
  { before, after, maxTokens }: SimilarityOptions,
  capacity: number,
  isError: boolean,
  signal: AbortSignal | undefined,
): Promise<Cut[]> {
  const prefixes = [...new Set(pieces.map(({ prefix }) => prefix))].filter((prefix) => prefix !== '');
  const ids = await tokenizer.tokenize([...prefixes, ...pieces.map(({ prefix, text }) => prefix + text)], signal);
  const lengths = new Map(prefixes.map((prefix, i) => [prefix, (ids[i] as Int32Array).length]));
  const room = Math.min(maxTokens, capacity) - before.length - after.length;
  const cut = ({ name, prefix, most }: Piece, i: number): Cut => {
    const list = ids[prefixes.length + i] as Int32Array;
    const own = lengths.get(prefix) ?? 0;
    if (own >= room) throw tooLong(`the prefix of ${name}`, own, room - 1);
    const limit = Math.min(room, own + most);
    if (isError && list.length > limit) throw tooLong(name, list.length - own, limit - own);
    return {
      tokens: concat([before, list.subarray(0, limit), after]),
      read: Math.max(Math.min(list.length, limit) - own, 0),
      truncated: list.length > limit,
    };
  };
  return mapInTurns(pieces, cut, signal);
}

async function batches(
  sequences: readonly Sequence[],
  { states, batchTokens }: SimilarityOptions,
  capacity: number,
  signal: AbortSignal | undefined,
) {
  // A batch of a causal model has to fit the attention cache; encoders have none.
  const most = states === 'last' ? Math.min(batchTokens, capacity) : batchTokens;
  const { jobs, members, places } = await packSequences(sequences, most, MOST_SEQUENCES[states], signal);
  const alone = (lengths: Int32Array) => Int32Array.of(0, ...lengths);
  return {
    // Causal models: the first length is that of a beginning that all share. There is none.
    jobs: states === 'last' ? jobs.map((job) => ({ ...job, lengths: alone(job.lengths) })) : jobs,
    members,
    windows: places.map((place) => [place] as const),
  };
}

function expectWidth(embeddings: readonly Float32Array[], width: number): void {
  const got = embeddings[0]?.length ?? width;
  if (got === width) return;
  throw new RerankError(
    'INVALID_ARGUMENT',
    `options.documentEmbeddings: expected vectors of ${width} numbers, got ${got}: they are of another model`,
  );
}

function tooLong(what: string, tokens: number, most: number): RerankError {
  return new RerankError(
    'CONTEXT_OVERFLOW',
    `${what} has ${tokens} tokens, at most ${most} are read. Use overflow 'truncate', or pass a shorter text`,
  );
}
