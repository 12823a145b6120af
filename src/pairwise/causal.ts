import { concat, packSequences, rowsOf } from '../batches.js';
import { RerankError } from '../errors.js';
import type { Family, Job, Plan, RerankRequest, Tokenizer } from '../family.js';
import { type CutText, cutTexts, normalize, type PromptPart } from '../texts.js';
import { mapInTurns } from '../turns.js';
import { commonLength, encodeParts, type TokenIds } from './encode.js';
import { expectFit } from './pair.js';
import type { Template } from './prompt.js';
import { scorePairs } from './score.js';
import { windowsOf } from './windows.js';

/** llama.cpp's limit in one batch, 64, less the one that holds the shared beginning. */
const MOST_SEQUENCES = 63;

export interface TwoTokenOptions {
  readonly template: Template;
  readonly control: TokenIds;
  readonly userDefined: TokenIds;
  /** Tokens the model was made for. */
  readonly contextSize: number;
  /** Own tokens of the sequences of one batch; a longer one has a batch of its own. */
  readonly batchTokens: number;
  /** Row of the output matrix for yes less the one for no. */
  readonly direction: Float64Array;
}

/**
 * Language models that answer with one of two tokens: each document is a prompt of its own, the logit is that of yes less that of no
 * at its last token, the score the sigmoid of it, which is the softmax over the two.
 */
export function twoToken(options: TwoTokenOptions): Family {
  const { template } = options;
  const contextSize = Math.min(options.contextSize, template.promptTokens);
  return {
    name: 'pairwise',
    scoreKind: 'probability',
    states: 'last',
    options: ['instruction'],
    overflows: ['truncate', 'chunk', 'error'],
    defaults: {
      maxQueryTokens: Math.min(template.queryTokens, contextSize),
      maxDocumentTokens: contextSize,
      blockSize: Number.MAX_SAFE_INTEGER,
      overflow: 'truncate',
    },
    contextSize,
    plan: (request, tokenizer, capacity, signal) =>
      planPairs(request, tokenizer, options, Math.min(capacity, contextSize), signal),
    async score(plan: Plan, states) {
      const rows = [...rowsOf(plan.members, states)];
      return scorePairs(plan, new Map(rows.map(([sequence, state]) => [sequence, dot(options.direction, state)])));
    },
  };
}

function dot(a: Float64Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

async function planPairs(
  request: RerankRequest,
  tokenizer: Tokenizer,
  options: TwoTokenOptions,
  capacity: number,
  signal?: AbortSignal,
): Promise<Plan> {
  const encode: Encode = (lists) => encodeParts(tokenizer, lists, options.control, options.userDefined, signal);
  const texts = await normalize(request.texts, signal);
  const head = await planHead(request, tokenizer, encode, options.template, capacity);
  const runs = await encode(texts.map((text) => [head.run.text + text]));

  // A document's tokens are those from where its run differs from the one without a document; its first word takes the blank there.
  const begins = runs.map((ids) => commonLength(ids, head.run.ids));
  const shared = begins.reduce((least, begin) => Math.min(least, begin), head.run.ids.length);
  const windows: (readonly [begin: number, end: number])[][] = runs.map((ids, i) => {
    const begin = begins[i] as number;
    const length = ids.length - begin;
    const room = Math.min(request.maxDocumentTokens, head.room - begin);
    if (request.overflow === 'error') expectFit(`documents[${i}]`, length, room);
    return request.overflow === 'chunk' ? windowsOf(length, room) : [[0, Math.min(length, room)]];
  });
  const sequencesOf = (ids: Int32Array, i: number) => {
    const begin = begins[i] as number;
    const beginning = ids.subarray(shared, begin);
    return (windows[i] as [number, number][]).map(([from, to]) => ({
      tokens: concat([beginning, ids.subarray(begin + from, begin + to), head.after]),
    }));
  };
  const sequences = (await mapInTurns(runs, sequencesOf, signal)).flat();
  const beginning = concat([head.before, head.run.ids.subarray(0, shared)]);
  const batchTokens = Math.min(options.batchTokens, capacity - beginning.length);
  const { jobs, members, places } = await packSequences(sequences, batchTokens, MOST_SEQUENCES, signal);
  const truncated = runs.map(
    (ids, i) => request.overflow !== 'chunk' && ids.length - (begins[i] as number) > (windows[i]?.[0]?.[1] as number),
  );
  let next = 0;
  return {
    jobs: await mapInTurns(jobs, (job, b) => behind(beginning, job, b > 0), signal),
    members,
    windows: windows.map((list) => list.map(() => places[next++] as number)),
    queryTokens: head.query.tokens,
    queryTruncated: head.query.truncated,
    truncated,
    overflow: request.overflow === 'chunk' ? 'chunk' : truncated.includes(true) ? 'truncate' : 'none',
  };
}

type Encode = (lists: readonly (readonly PromptPart[])[]) => Promise<Int32Array[]>;

/** What the prompts of one call have in common. */
interface Head {
  readonly query: CutText;
  /** Tokens up to the document's run. */
  readonly before: Int32Array;
  readonly run: { readonly text: string; readonly ids: Int32Array };
  readonly after: Int32Array;
  /** Tokens that a run may have, its document included. */
  readonly room: number;
}

/** Template, instruction and query in tokens; the query is cut so that there is room for a document. */
async function planHead(
  request: RerankRequest,
  tokenizer: Tokenizer,
  encode: Encode,
  template: Template,
  capacity: number,
): Promise<Head> {
  const [text, called] = (await normalize([request.query, request.instruction])) as [string, string];
  const instruction = called || template.instruction;
  const pieces = (query: string) => encode(template.build(query, instruction).pieces.map((piece) => [piece]));
  const empty = template.build('', instruction);
  const [before, after, run] = (await encode([empty.before, empty.after, [empty.run]])) as [Int32Array, Int32Array, Int32Array];
  const pair = Math.min(template.pairTokens, capacity - before.length - after.length);

  const left = template.cutsPiece ? pair : pair - concat(await pieces('')).length - run.length;
  const limit = Math.min(request.maxQueryTokens, threeQuarters(left));
  const [query] = (await cutTexts(tokenizer, [text], limit)) as [CutText];
  const [first, ...others] = (await pieces(query.text)) as [Int32Array, ...Int32Array[]];
  const piece = template.cutsPiece ? first.subarray(0, threeQuarters(pair)) : first;
  const truncated = query.truncated || piece.length < first.length;
  if (request.overflow === 'error' && truncated) {
    const [whole] = (await tokenizer.tokenize([text])) as [Int32Array];
    // With an instruction in the same piece, less than the limit fits.
    expectFit('the query', whole.length, Math.min(limit, whole.length - 1));
  }
  const beginning = concat([before, piece, ...others]);
  const room = before.length + pair - beginning.length;
  if (room <= run.length) {
    const taken = beginning.length + run.length + after.length;
    throw new RerankError(
      'CONTEXT_OVERFLOW',
      `the prompt without a document has ${taken} tokens, and ${capacity} fit. Use a shorter instruction, or raise contextSize or memoryBudget`,
    );
  }
  return { query: { ...query, truncated }, before: beginning, run: { text: empty.run, ids: run }, after, room };
}

/** What a long query may take of that many tokens. */
function threeQuarters(tokens: number): number {
  return Math.max(Math.floor((tokens * 3) / 4), 1);
}

/** A job whose sequences all begin with the same tokens. */
function behind(beginning: Int32Array, job: Job, again: boolean): Job {
  return {
    ...job,
    tokens: concat([beginning, job.tokens]),
    lengths: Int32Array.of(beginning.length, ...job.lengths),
    ...(again ? { repeated: beginning.length } : {}),
  };
}
