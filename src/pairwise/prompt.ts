import type { PromptPart, Special } from '../texts.js';

const START: Special = { special: '<|im_start|>' };
const END: Special = { special: '<|im_end|>' };
const THINK: Special = { special: '<think>' };
const END_THINK: Special = { special: '</think>' };

/** One pair's prompt: `before`, `pieces`, `run` with the document at its end, `after`. Every text is tokenized as one string. */
export interface PairPrompt {
  readonly before: readonly PromptPart[];
  /** The first one holds the query. */
  readonly pieces: readonly string[];
  readonly run: string;
  readonly after: readonly PromptPart[];
}

/** How a language model is asked whether a document answers a query. */
export interface Template {
  /** The token that means yes, and the one that means no. */
  readonly answers: readonly [yes: string, no: string];
  /** Texts of the control tokens of the prompt, and of those that are not control tokens: text that contains these becomes them. */
  readonly control: readonly string[];
  readonly userDefined: readonly string[];
  /** Used where the call has none. */
  readonly instruction: string;
  /** Most tokens of a prompt. */
  readonly promptTokens: number;
  /** Most tokens of pieces, run and document together. */
  readonly pairTokens: number;
  readonly queryTokens: number;
  /** Whether the end of the first piece is cut where it takes too much; otherwise the query is. */
  readonly cutsPiece: boolean;
  build(query: string, instruction: string): PairPrompt;
}

/**
 * Qwen3-Reranker, as published: each text between two special tokens is one string. The one that holds instruction, query and document is
 * divided before `<Document>` here, where the tokenizer splits in any case (a line break ends every one of its pieces, and `<` begins
 * one), so that the query is tokenized once for all documents.
 *
 * Source: model card of Qwen/Qwen3-Reranker-0.6B, `format_instruction` and `process_inputs`; 8,192 tokens are its `max_length`.
 */
export const QWEN3_RERANKER: Template = {
  answers: ['yes', 'no'],
  control: [START.special, END.special],
  userDefined: [THINK.special, END_THINK.special],
  instruction: 'Given a web search query, retrieve relevant passages that answer the query',
  promptTokens: 8192,
  pairTokens: 8192,
  queryTokens: 4096,
  cutsPiece: false,
  build: (query, instruction) => ({
    before: [
      START,
      'system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. ' +
        'Note that the answer can only be "yes" or "no".',
      END,
      '\n',
      START,
    ],
    pieces: [`user\n<Instruct>: ${instruction}\n<Query>: ${query}\n`],
    run: '<Document>: ',
    after: [END, '\n', START, 'assistant\n', THINK, '\n\n', END_THINK, '\n\n'],
  }),
};

/**
 * mxbai-rerank-base-v2 and -large-v2. Query and document are tokenized apart; the piece with the query is cut to three quarters of the
 * pair's tokens.
 *
 * Source: `mxbai_rerank_v2.py` of mixedbread-ai/mxbai-rerank, `prepare_inputs` (Apache-2.0). There a control token in a text becomes one;
 * here it is text.
 */
export const MXBAI_V2: Template = {
  answers: ['1', '0'],
  control: [START.special, END.special],
  userDefined: [],
  instruction: '',
  // The pair, and less than 128 tokens around it.
  promptTokens: 8192 + 128,
  pairTokens: 8192,
  queryTokens: 6144,
  cutsPiece: true,
  build: (query, instruction) => ({
    before: [START, 'system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.', END, '\n', START, 'user\n'],
    pieces: [`${instruction ? `instruction: ${instruction}\n` : ''}query: ${query}`, '\n'],
    run: 'document: ',
    after: [
      '\n',
      'You are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, carefully ' +
        'analyze the semantic relationship between them, then provide your binary relevance judgment (0 for not relevant, 1 for relevant).' +
        '\nRelevance:',
      END,
      '\n',
      START,
      'assistant\n',
    ],
  }),
};
