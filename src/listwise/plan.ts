import { RerankError } from '../errors.js';
import type { Plan, RerankRequest, Tokenizer } from '../family.js';
import { type CutText, cutTexts, normalize } from '../texts.js';
import { evenLimit, splitBlocks } from './blocks.js';
import { type EncodedPrompt, encodePrompts, type SpecialIds } from './tokens.js';

type Blocks = readonly (readonly number[])[];

/** Steps 2 to 4 for one request: prompts that fit `capacity` tokens, by the request's overflow policy. */
export async function planPrompts(
  request: RerankRequest,
  tokenizer: Tokenizer,
  specials: SpecialIds,
  capacity: number,
  signal?: AbortSignal,
): Promise<Plan> {
  const cut = (texts: readonly string[], limit: number) => cutTexts(tokenizer, texts, limit, signal);
  const [queryText, instruction, ...texts] = await normalize([request.query, request.instruction, ...request.texts]);
  const [query] = (await cut([queryText as string], request.maxQueryTokens)) as [CutText];
  const documents = await cut(texts, request.maxDocumentTokens);

  const encode = (used: readonly CutText[], blocks: Blocks) => {
    const prompts = blocks.map((block) => ({
      query: query.text,
      documents: block.map((i) => (used[i] as CutText).text),
      instruction: instruction as string,
    }));
    return encodePrompts(tokenizer, prompts, specials, signal);
  };
  const finish = (
    used: readonly CutText[],
    blocks: Blocks,
    prompts: readonly EncodedPrompt[],
    overflow: Plan['overflow'],
  ): Plan => ({
    jobs: prompts.map((prompt) => ({
      tokens: prompt.tokens,
      lengths: Int32Array.of(prompt.tokens.length),
      rows: Int32Array.from([...prompt.documentMarkers, prompt.queryMarker]),
      cuts: Int32Array.from(prompt.cuts),
    })),
    members: blocks,
    queryTokens: query.tokens,
    queryTruncated: query.truncated,
    truncated: used.map((text, i) => text.truncated || (documents[i] as CutText).truncated),
    overflow,
  });

  /** One block of all documents, the longest of them trimmed evenly until it fits. */
  const trim = async (): Promise<Plan> => {
    const all = [documents.map((_, i) => i)];
    const lengths = documents.map((document) => document.tokens);
    let trimmed: readonly CutText[] = documents;
    for (let excess = 0; ; ) {
      const [prompt] = (await encode(trimmed, all)) as [EncodedPrompt];
      const more = prompt.tokens.length - capacity;
      if (more <= 0) return finish(trimmed, all, [prompt], excess > 0 ? 'truncate' : 'none');
      excess += more;
      const limit = evenLimit(lengths, excess);
      if (limit < 1) throw overflows(`${trimmed.length} documents`, prompt.tokens.length, capacity);
      trimmed = await cut(
        documents.map((document) => document.text),
        limit,
      );
    }
  };

  for (let contextSize = capacity; ; ) {
    const blocks = splitBlocks(
      documents.map((document) => document.tokens),
      query.tokens,
      { contextSize, blockSize: request.blockSize, maxDocumentTokens: request.maxDocumentTokens },
    );
    if (request.overflow === 'truncate' && blocks.length > 1) return trim();
    if (request.overflow === 'error' && blocks.length > 1)
      throw overflows(`${documents.length} documents, at most ${request.blockSize} in a prompt,`, undefined, capacity);
    const prompts = await encode(documents, blocks);
    const worst = prompts.reduce((most, prompt, b) => (prompt.tokens.length > length(prompts[most]) ? b : most), 0);
    const longest = length(prompts[worst]);
    if (longest <= capacity) return finish(documents, blocks, prompts, blocks.length > 1 ? 'split' : 'none');
    if (request.overflow === 'truncate') return trim();
    if (request.overflow === 'error') throw overflows(`${documents.length} documents`, longest, capacity);
    // The rule does not count the prompt's own words. Where that makes a block too long, it gets the largest context size with
    // which the rule closes it in time.
    const { documentMarkers } = prompts[worst] as EncodedPrompt;
    const block = blocks[worst] as readonly number[];
    if (block.length === 1) throw overflows('one document', longest, capacity);
    let kept = block.length;
    for (let rest = longest; rest > capacity && kept > 1; kept--) {
      rest -= (documentMarkers[kept - 1] as number) - (documentMarkers[kept - 2] as number);
    }
    const taken = block.slice(0, kept).reduce((sum, i) => sum + (documents[i] as CutText).tokens, 0);
    contextSize = 2 * query.tokens + taken + request.maxDocumentTokens;
  }
}

function length(prompt: EncodedPrompt | undefined): number {
  return prompt?.tokens.length ?? 0;
}

function overflows(what: string, tokens: number | undefined, capacity: number): RerankError {
  return new RerankError(
    'CONTEXT_OVERFLOW',
    `${what} and the query do not fit one prompt: ${tokens === undefined ? '' : `${tokens} tokens are needed, `}${capacity} are there. ` +
      "Use overflow 'split' or 'truncate', lower maxDocumentTokens, or raise contextSize or memoryBudget",
  );
}
