import type { PromptPart, Special } from '../texts.js';

const START: Special = { special: '<|im_start|>' };
const END: Special = { special: '<|im_end|>' };
export const DOCUMENT_MARKER: Special = { special: '<|embed_token|>' };
export const QUERY_MARKER: Special = { special: '<|rerank_token|>' };

/** Every special token that a prompt holds. */
export const SPECIALS = [START, END, DOCUMENT_MARKER, QUERY_MARKER] as const;

const SYSTEM =
  'You are a search relevance expert who can determine a ranking of the passages based on how relevant they are to the query. ' +
  'If the query is a question, how relevant a passage is depends on how well it answers the question. ' +
  'If not, try to analyze the intent of the query and assess how well each passage satisfies the intent. ' +
  'If an instruction is provided, you should follow the instruction when determining the ranking.';

/** The parts that are the same in every prompt; the next one ends where the documents begin. */
export const SYSTEM_PARTS: readonly PromptPart[] = [START, `system\n${SYSTEM}`, END, '\n', START];

/**
 * Step 2: the prompt of one block, as runs of text between special tokens. A run is one string on purpose: its tokens differ from
 * those of its pieces. The one place where a run may be cut is before `<passage id="0">`: the tokenizer always splits there,
 * and a prompt with the same query and number of documents is the same up to it.
 *
 * Source: `modeling.py` of jinaai/jina-reranker-v3, `format_docs_prompts_func`. What follows the query marker there
 * (`\n</query><|im_end|>` and the assistant's turn) is left out: attention is causal, so it cannot reach a state that is read.
 */
export function buildPrompt(query: string, documents: readonly string[], instruction: string): PromptPart[] {
  const parts: PromptPart[] = [...SYSTEM_PARTS];
  let head =
    `user\nI will provide you with ${documents.length} passages, each indicated by a numerical identifier. ` +
    `Rank the passages based on their relevance to query: ${query}\n`;
  if (instruction) head += `<instruct>\n${instruction}\n</instruct>\n`;
  parts.push(head);
  let run = '';
  documents.forEach((document, i) => {
    parts.push(`${run}<passage id="${i}">\n${document}`, DOCUMENT_MARKER);
    run = '\n</passage>\n';
  });
  parts.push(`${run}<query>\n${query}`, QUERY_MARKER);
  return parts;
}
