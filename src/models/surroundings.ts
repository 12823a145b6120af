import type { NativeModelInfo } from '../engine/addon.js';
import { RerankError } from '../errors.js';
import type { CheckedModel } from '../files/check/check.js';
import { metadataValue } from './metadata.js';

/** Ids that the vocabulary puts around a text. */
export interface Surroundings {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

type Ids = Pick<NativeModelInfo, 'bos' | 'eos' | 'sep' | 'control'>;

/** Encoders whose texts always have a token at both ends; llama.cpp leaves them out if a conversion forgot the switches. */
const ALWAYS = ['bert', 'jina-bert-v2', 'nomic-bert', 'nomic-bert-moe'];

/**
 * What stands around a text: `[CLS]` and `[SEP]` with WordPiece, `<s>` and `</s>` with other BERTs, else what
 * `tokenizer.ggml.add_bos_token` and `add_eos_token` say (absent: both for encoders, none for causal models).
 *
 * @param end control token that stands at the end whatever the file says
 * @throws RerankError MODEL_BAD_VOCAB: a token that is needed is not there
 */
export function surroundings(model: CheckedModel, info: Ids, causal: boolean, end: string | undefined): Surroundings {
  const { name } = model.architecture;
  const isWordPiece = metadataValue(model, 'tokenizer.ggml.model') === 'bert';
  const always = isWordPiece || ALWAYS.includes(name);
  const wants = (key: string) => always || ((metadataValue(model, `tokenizer.ggml.${key}`) as boolean | undefined) ?? !causal);
  const token = (what: string, id: number | undefined): number => {
    if (id !== undefined && id >= 0) return id;
    throw new RerankError(
      'MODEL_BAD_VOCAB',
      `a ${name} model needs ${what}, and its vocabulary has none. Convert the model again`,
    );
  };
  const last = isWordPiece ? info.sep : info.eos >= 0 ? info.eos : info.sep;
  const ending = end === undefined ? undefined : token(end, info.control[end]);
  return {
    before: wants('add_bos_token') ? [token('a token that begins a text', info.bos)] : [],
    after: ending !== undefined ? [ending] : wants('add_eos_token') ? [token('a token that ends a text', last)] : [],
  };
}
