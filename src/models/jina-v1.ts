import { RerankError } from '../errors.js';
import type { CheckedModel } from '../files/check/check.js';
import { GgufArray } from '../files/gguf-values.js';
import { JinaTokenizer } from '../pairwise/jina-tokenizer.js';
import type { Candidate } from './candidate.js';
import { metadataValue, numberOf } from './metadata.js';

/** What conversions call its tokenizer. With `whitespace` llama.cpp comes near it, and the vocabulary is the same. */
const TOKENIZERS = ['jina-v1-en', 'whitespace'];

/**
 * The tokenizer of jina-reranker-v1, from the vocabulary of a file.
 *
 * @throws RerankError MODEL_BAD_VOCAB
 */
export async function readJinaTokenizer({ model, file }: Candidate): Promise<JinaTokenizer> {
  const bad = (what: string) =>
    new RerankError('MODEL_BAD_VOCAB', `${file.path}: ${what}. It is no jina-reranker-v1, or was converted wrongly`);
  const { tokens } = model.vocabulary;
  const pre = metadataValue(model, 'tokenizer.ggml.pre');
  if (!TOKENIZERS.includes(String(pre))) throw bad(`tokenizer.ggml.pre is ${pre}, expected ${TOKENIZERS.join(' or ')}`);
  const merges = model.header.metadata.get('tokenizer.ggml.merges')?.value;
  if (!(merges instanceof GgufArray)) throw bad('the vocabulary has no merges');
  const unknown = metadataValue(model, 'tokenizer.ggml.unknown_token_id');
  if (typeof unknown !== 'number' || tokens.at(unknown) !== '<unk>') throw bad('the vocabulary has no token <unk>');
  const tokenizer = await JinaTokenizer.from({ tokens, merges, unknown });
  if (tokenizer === undefined) throw bad('a merge is of tokens that the vocabulary lacks');
  return tokenizer;
}

/**
 * What llama.cpp's ALiBi slopes have to be multiplied by. For heads beyond the largest power of two, the rerankers have half of what the
 * rule says, while the embedding models of the same architecture follow it.
 *
 * Source: two ports that were compared with the published weights, the crate candding 0.1.0 and the llama.cpp of the project wikiq.
 */
export function slopeFactors(model: CheckedModel): Float32Array | undefined {
  const heads = numberOf(model, 'attention.head_count') as number;
  const regular = 2 ** Math.floor(Math.log2(heads));
  return regular === heads ? undefined : new Float32Array(heads).fill(1, 0, regular).fill(0.5, regular);
}
