import type { ModelInfo, RerankResponse, RerankResult, StageReport, Usage } from '../index.js';
import type { InputDocument } from './documents.js';

export interface Ranking {
  model: ModelInfo;
  query: string;
  response: RerankResponse<InputDocument>;
}

/** One JSON object with everything, in the field names of Jina's API. Indented for people, on one line for programs. */
export function rankJson({ model, query, response }: Ranking, indented: boolean): string {
  const { usage, stages } = response;
  const body = {
    model: model.name,
    score_kind: model.scoreKind,
    query,
    results: response.results.map(resultJson),
    usage: {
      total_tokens: usage.totalTokens,
      reused_tokens: usage.reusedTokens,
      query_tokens: usage.queryTokens,
      query_truncated: usage.queryTruncated,
      blocks: usage.blocks,
      overflow: usage.overflow,
      milliseconds: roundedTimes(usage.milliseconds),
    },
    ...(stages ? { stages: stages.map(stageJson) } : {}),
  };
  return `${JSON.stringify(body, null, indented ? 2 : 0)}\n`;
}

function stageJson({ model, scoreKind, documents, scored, complete, milliseconds, usage }: StageReport): object {
  const times = { milliseconds: rounded(milliseconds), total_tokens: usage.totalTokens };
  return { model, score_kind: scoreKind, documents, scored, complete, ...times };
}

function roundedTimes(times: Usage['milliseconds']): Record<string, number> {
  return Object.fromEntries(Object.entries(times).map(([stage, time]) => [stage, rounded(time)]));
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

/** JSON Lines: one result a line, best first. */
export function rankJsonLines({ response }: Ranking): string {
  return response.results.map((result) => `${JSON.stringify(resultJson(result))}\n`).join('');
}

function resultJson(result: RerankResult<InputDocument>): object {
  const { id, text } = result.document;
  return {
    index: result.index,
    relevance_score: result.relevanceScore,
    ...(result.logit === undefined ? {} : { logit: result.logit }),
    ...(result.parts === undefined ? {} : { parts: result.parts }),
    ...(result.chunk === undefined ? {} : { chunk: result.chunk }),
    ...(result.stage === undefined ? {} : { stage: result.stage }),
    document: id === undefined ? { text } : { id, text },
    truncated: result.truncated,
    ...(result.embedding === undefined ? {} : { embedding: result.embedding }),
  };
}
