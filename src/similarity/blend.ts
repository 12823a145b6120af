import type { LexicalPart, RerankRequest, Tokenizer } from '../family.js';
import { Bm25 } from '../lexical/bm25.js';

/** How much of a score is BM25's. */
export interface Lexical {
  /** From 0 to 1, above 0. */
  readonly weight: number;
  /** Whether the vocabulary is that of an English model, so that the weight rises where it knows little of a query. */
  readonly isEnglish: boolean;
}

/** Characters of a query and of a text that BM25 reads: many times what an embedding model reads. */
const MOST_CHARACTERS = { query: 1 << 13, text: 1 << 14 };

/** Documents at which the odds of BM25's part have half of their full size: how rare a word is, a short list does not tell. */
const HALF_ODDS = 10;

/** Letters of a mean word piece: with so many a query is known to an English vocabulary, with so few it is not. */
const KNOWN = 3.5;
const UNKNOWN = 1.5;

/** Cosines closer together than this are not told apart, and BM25 still is. */
const LEAST_DEVIATION = 0.01;

/** The BM25 scores of a call, and how much they count in it. */
export async function planLexical(
  { query, texts }: RerankRequest,
  tokenizer: Tokenizer,
  { weight, isEnglish }: Lexical,
  signal: AbortSignal | undefined,
): Promise<LexicalPart> {
  const more = isEnglish ? ignorance(await lettersPerPiece(query, tokenizer, signal)) : 0;
  const least = dampened(weight, texts.length);
  const index = await Bm25.of(
    texts.map((text) => text.slice(0, MOST_CHARACTERS.text)),
    signal,
  );
  return { weight: least + (1 - least) * more, bm25: index.scores(query.slice(0, MOST_CHARACTERS.query)) };
}

/** The odds of the weight times `n / (n + 10)` for a list of n documents: 0 and 1 stay, 0.25 is 0.14 with 10 documents and 0.23 with 100. */
function dampened(weight: number, documents: number): number {
  const share = weight * documents;
  return share / (share + (1 - weight) * (documents + HALF_ODDS));
}

/** From 0 (the vocabulary knows the words) to 1 (it knows letters at most). */
function ignorance(letters: number): number {
  return Math.min(Math.max((KNOWN - letters) / (KNOWN - UNKNOWN), 0), 1);
}

/**
 * How well a vocabulary of word pieces covers a text: letters, marks and digits of a mean piece, where `[UNK]` is a piece that has
 * none. English has 4 to 5, other languages in Latin letters under 3, other scripts about 1. A text without any is known.
 */
export async function lettersPerPiece(text: string, tokenizer: Tokenizer, signal?: AbortSignal): Promise<number> {
  const [ids] = (await tokenizer.tokenize([text.slice(0, MOST_CHARACTERS.query)], signal)) as [Int32Array];
  const pieces = await tokenizer.detokenize(Array.from(ids, (id) => Int32Array.of(id)));
  const sizes = pieces.flatMap((piece) => {
    if (piece.trim() === '[UNK]') return 0;
    const letters = piece.match(/[\p{L}\p{M}\p{N}]/gu)?.length ?? 0;
    return letters > 0 ? letters : [];
  });
  return sizes.length === 0 ? KNOWN : sizes.reduce((sum, letters) => sum + letters, 0) / sizes.length;
}

/**
 * `(1 - w) * cosine + w * b`, where `b` is the BM25 score brought to the mean and the standard deviation of the cosines of this list.
 * Where BM25 tells no document from another (no word matches, a single document), the cosines stay as they are.
 */
export function blend(cosines: Float64Array, { weight, bm25 }: LexicalPart): Float64Array {
  const lexical = spread(bm25);
  if (lexical.deviation === 0) return cosines;
  const { mean, deviation } = spread(cosines);
  const scale = Math.max(deviation, LEAST_DEVIATION) / lexical.deviation;
  return cosines.map((cosine, i) => (1 - weight) * cosine + weight * (mean + scale * ((bm25[i] as number) - lexical.mean)));
}

function spread(values: Float64Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const isFlat = values.every((value) => value === values[0]);
  return { mean, deviation: isFlat ? 0 : Math.sqrt(squares / values.length) };
}
