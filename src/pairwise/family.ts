import { packSequences, rowsOf } from '../batches.js';
import type { Family, Plan, RerankRequest, Tokenizer } from '../family.js';
import { defaultLimits, fitPairs, type PairForm } from './pair.js';
import { scorePairs } from './score.js';

/** llama.cpp's limit in one batch. */
const MOST_SEQUENCES = 64;

export interface CrossEncoderOptions {
  readonly form: PairForm;
  /** Tokens of one pair, special ones included. */
  readonly maxTokens: number;
  /** Tokens of one batch; a longer pair has a batch of its own. */
  readonly batchTokens: number;
  /** Where llama.cpp's own is not the model's. */
  readonly tokenizer?: Pick<Tokenizer, 'tokenize'> | undefined;
  /** Brings texts to the form that the model's tokenizer works on, where llama.cpp's does not. */
  readonly normalize?: ((texts: readonly string[], signal?: AbortSignal) => Promise<string[]>) | undefined;
  /** From the first state of each pair to its logit; without it, llama.cpp computes the logits with what is in the file. */
  readonly head?: ((states: Float32Array) => Promise<Float32Array>) | undefined;
}

/** Encoders that read query and document as one sequence: the score is the sigmoid of what the model gives, its logit. */
export function crossEncoder(options: CrossEncoderOptions): Family {
  const { form, maxTokens, head } = options;
  return {
    name: 'pairwise',
    scoreKind: 'probability',
    states: head ? 'first' : 'rank',
    options: [],
    overflows: ['truncate', 'chunk', 'error'],
    defaults: {
      ...defaultLimits(form, maxTokens),
      blockSize: Number.MAX_SAFE_INTEGER,
      overflow: 'truncate',
    },
    contextSize: maxTokens,
    ...(options.tokenizer && { tokenizer: options.tokenizer }),
    plan: (request, tokenizer, capacity, signal) => planPairs(request, options.tokenizer ?? tokenizer, options, capacity, signal),
    async score(plan: Plan, states) {
      const logits: Float32Array[] = [];
      for (const rows of states) logits.push(head ? await head(rows) : rows);
      const byPair = [...rowsOf(plan.members, logits)].map(([pair, row]) => [pair, row[0] as number] as const);
      return scorePairs(plan, new Map(byPair));
    },
  };
}

async function planPairs(
  request: RerankRequest,
  tokenizer: Pick<Tokenizer, 'tokenize'>,
  { form, batchTokens, normalize }: CrossEncoderOptions,
  capacity: number,
  signal?: AbortSignal,
): Promise<Plan> {
  const texts = [request.query, ...request.texts];
  const [query, ...documents] = await tokenizer.tokenize(normalize ? await normalize(texts, signal) : texts, signal);
  const { sequences, windows, ...cut } = await fitPairs(query as Int32Array, documents, form, capacity, request, signal);
  const { jobs, members, places } = await packSequences(sequences, batchTokens, MOST_SEQUENCES, signal);
  return {
    ...cut,
    jobs,
    members,
    windows: windows.map((list) => list.map((sequence) => places[sequence] as number)),
    overflow: request.overflow === 'chunk' ? 'chunk' : cut.truncated.includes(true) ? 'truncate' : 'none',
  };
}
