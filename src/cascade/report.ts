import type { ModelInfo, RerankResult, StageReport, Usage } from '../types.js';
import { emptyUsage } from '../usage.js';

/** A document in its place: `result.index` is that of the list which was given to the cascade. */
export type Placed = RerankResult & { readonly stage: number };

/** The documents that a stage scored, best first and equal scores in the order before; then the others, in the order before. */
export function reorder(order: readonly Placed[], scored: readonly RerankResult[], stage: number): Placed[] {
  const seen = new Set(scored.map(({ index }) => index));
  const best = [...scored].sort((a, b) => b.relevanceScore - a.relevanceScore || a.index - b.index);
  return [
    ...best.map((result) => ({ ...result, index: (order[result.index] as Placed).index, stage })),
    ...order.filter((_, place) => !seen.has(place)),
  ];
}

export function report(
  { name, scoreKind }: ModelInfo,
  documents: number,
  scored: number,
  milliseconds: number,
  usages: readonly Usage[],
): StageReport {
  const complete = scored === documents;
  return { model: name, scoreKind, documents, scored, complete, milliseconds, usage: sumOf(usages) };
}

/** Usage of calls that followed each other. What is no sum is that of the last one. */
export function sumOf(usages: readonly Usage[]): Usage {
  return usages.reduce((sum, usage) => {
    const stages = Object.keys(sum.milliseconds) as (keyof Usage['milliseconds'])[];
    return {
      totalTokens: sum.totalTokens + usage.totalTokens,
      reusedTokens: sum.reusedTokens + usage.reusedTokens,
      queryTokens: usage.queryTokens,
      queryTruncated: sum.queryTruncated || usage.queryTruncated,
      blocks: sum.blocks + usage.blocks,
      overflow: usage.overflow === 'none' ? sum.overflow : usage.overflow,
      milliseconds: Object.fromEntries(
        stages.map((stage) => [stage, sum.milliseconds[stage] + usage.milliseconds[stage]]),
      ) as Usage['milliseconds'],
    };
  }, emptyUsage());
}

/** A cascade as one model: what the best documents are scored with, by a name and a size that tell of all stages. */
export function describe(models: readonly Readonly<ModelInfo>[], keep: readonly number[]): ModelInfo {
  const sum = (of: 'bytes' | 'parameters') => models.reduce((all, model) => all + model[of], 0);
  const options = models.flatMap(({ accepts }, stage) =>
    (accepts?.options ?? []).filter(
      (option) => option !== 'returnEmbeddings' && (option !== 'documentEmbeddings' || stage === 0),
    ),
  );
  const overflows = models.flatMap(({ accepts }) => accepts?.overflows ?? []);
  return {
    ...(models.at(-1) as ModelInfo),
    name: models.map(({ name }) => name).join(' + '),
    bytes: sum('bytes'),
    parameters: sum('parameters'),
    accepts: { options: [...new Set([...options, 'deadline'])], overflows: [...new Set(overflows)] },
    cascade: { stages: models, keep },
  };
}
