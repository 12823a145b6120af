import { type Progress, type Ranker, RerankError, type RerankResult } from '../index.js';
import { readFileBelow } from './files.js';
import { DEFAULT_TOP_N, MOST_DOCUMENTS, type RerankArguments } from './schemas.js';
import type { CallToolResult } from './sdk.js';

export interface Candidate {
  index?: number;
  file?: string;
  text: string;
}

export interface RerankCall {
  roots: string[];
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  /** The model's process crashed (`isolate`): the next call is to load it again, however often that happened. */
  onCrash: () => void;
}

const EXCERPT = 160;

/** One call of the tool. What goes wrong is a result too, so that the model that called can mend it. */
export async function callRerank(
  ranker: () => Promise<Ranker>,
  given: RerankArguments,
  call: RerankCall,
): Promise<CallToolResult> {
  try {
    const { query, topN = DEFAULT_TOP_N, minScore, instruction, maxDocumentTokens } = given;
    const candidates = await collect(given, call);
    const { signal, onProgress } = call;
    const loaded = await ranker();
    const options = { topN, minScore, instruction, maxDocumentTokens, signal, onProgress };
    const { results, usage } = await loaded.rerank(query, candidates, options);
    const { totalTokens, queryTruncated } = usage;
    const structuredContent = {
      results: results.map(describe),
      model: loaded.model.name,
      scoreKind: loaded.scoreKind,
      totalTokens,
      queryTruncated,
    };
    return { content: [{ type: 'text', text: asText(structuredContent, candidates.length) }], structuredContent };
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof RerankError && error.code === 'WORKER_CRASHED') call.onCrash();
    return failure(error);
  }
}

async function collect({ documents = [], files = [] }: RerankArguments, { roots, signal }: RerankCall): Promise<Candidate[]> {
  const count = documents.length + files.length;
  if (count > MOST_DOCUMENTS)
    throw new RerankError('INVALID_ARGUMENT', `expected at most ${MOST_DOCUMENTS} documents and files in all, got ${count}`);
  const candidates: Candidate[] = documents.map((text, index) => ({ index, text }));
  for (const [i, file] of files.entries()) {
    signal.throwIfAborted();
    candidates.push({ file, text: await readFileBelow(roots, file, `files[${i}]`) });
  }
  if (candidates.length === 0) throw new RerankError('INVALID_ARGUMENT', 'expected documents or files to rank, got none');
  return candidates;
}

function describe({ document: { text, ...name }, relevanceScore, truncated }: RerankResult<Candidate>) {
  const line = text
    .slice(0, 4 * EXCERPT)
    .replace(/\s+/g, ' ')
    .trim();
  const excerpt = line.length > EXCERPT ? `${line.slice(0, EXCERPT).toWellFormed()}…` : line;
  return { ...name, relevanceScore, truncated, excerpt };
}

type Described = ReturnType<typeof describe>;

/** The same for clients that show a model the text alone. */
function asText(
  { results, model, scoreKind }: { results: Described[]; model: string; scoreKind: string },
  count: number,
): string {
  const lines = results.map(
    ({ index, file, relevanceScore, truncated, excerpt }, i) =>
      `${i + 1}. ${relevanceScore.toFixed(4)} ${file ?? `documents[${index}]`}${truncated ? ' (cut)' : ''}: ${excerpt}`,
  );
  return [`${results.length} of ${count} documents, best first; scores of ${model} (${scoreKind})`, ...lines].join('\n');
}

function failure(error: unknown): CallToolResult {
  const code = error instanceof RerankError ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  return { content: [{ type: 'text', text: `${message} (${code})` }], isError: true };
}
