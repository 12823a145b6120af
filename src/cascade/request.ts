import { checkAll, integer, invalid } from '../checks.js';
import { RerankError } from '../errors.js';
import { type Call, FAMILY_OPTIONS, readCall } from '../options.js';
import type { ModelInfo, Ranker, RerankOptions } from '../types.js';

const KEEP = 20;

/** Options of a call that are the cascade's own business. */
const OWN = ['text', 'topN', 'minScore', 'signal', 'timeout', 'deadline', 'onProgress'] as const;

export type StageOptions = Omit<RerankOptions, (typeof OWN)[number]>;

/**
 * How many documents each stage but the first scores.
 *
 * @throws RerankError INVALID_ARGUMENT
 */
export function readStages(stages: unknown, options: unknown): { stages: readonly Ranker[]; keep: readonly number[] } {
  if (!Array.isArray(stages) || stages.length < 2) throw invalid('stages', 'two loaded rerankers or more', stages);
  for (const [i, stage] of (stages as Partial<Ranker>[]).entries()) {
    if (typeof stage?.rerank !== 'function') throw invalid(`stages[${i}]`, 'a loaded reranker', stage);
    if (stage.model?.accepts?.options.includes('deadline'))
      throw new RerankError('INVALID_ARGUMENT', `stages[${i}]: is a cascade; name its stages in this one instead`);
  }
  const numbers = (value: unknown, name: string): number[] => {
    const list = Array.isArray(value) ? value : [value];
    const later = stages.length - 1;
    if (list.length !== later)
      throw invalid(name, later === 1 ? 'one number' : `${later} numbers, one for each later stage`, value);
    return list.map((count) => integer(1, Number.MAX_SAFE_INTEGER)(count, name));
  };
  const { keep } = checkAll<{ keep?: number[] }>(options, { keep: numbers }, 'options');
  return { stages: [...stages], keep: keep ?? numbers(KEEP, 'options.keep') };
}

/**
 * A call to a cascade, and what of its options goes to each stage: what the stage has a use for.
 *
 * @throws RerankError INVALID_ARGUMENT (also where no stage has a use for an option), INVALID_QUERY, TEXT_TOO_LARGE
 */
export function readCascadeCall(
  query: unknown,
  documents: unknown,
  options: unknown,
  models: readonly ModelInfo[],
): Call & { readonly stageOptions: readonly StageOptions[] } {
  const call = readCall(query, documents, options);
  const { minScore, returnEmbeddings, documentEmbeddings, overflow } = call.options;
  if (minScore !== undefined)
    throw refused('minScore', 'the scores of its stages do not compare. Filter the results by their stage and score instead');
  if (returnEmbeddings) throw refused('returnEmbeddings', 'the embeddings of its stages do not compare');
  if (documentEmbeddings && !takes(models[0] as ModelInfo, 'documentEmbeddings'))
    throw refused('documentEmbeddings', 'its first stage is not a similarity model');
  for (const option of FAMILY_OPTIONS) {
    if (option !== 'deadline' && call.options[option] && !models.some((model) => takes(model, option)))
      throw refused(option, 'no stage has a use for it');
  }
  if (overflow && !models.some((model) => model.accepts?.overflows.includes(overflow)))
    throw refused(`overflow '${overflow}'`, 'no stage knows it');
  return { ...call, stageOptions: models.map((model, i) => optionsOf(call.options, model, i)) };
}

function optionsOf(options: RerankOptions<unknown>, model: ModelInfo, stage: number): StageOptions {
  const kept = Object.entries(options).filter(([name]) => {
    if ((OWN as readonly string[]).includes(name)) return false;
    if (name === 'overflow') return model.accepts?.overflows.includes(options.overflow as never);
    if (name === 'documentEmbeddings' && stage > 0) return false;
    return !(FAMILY_OPTIONS as readonly string[]).includes(name) || takes(model, name);
  });
  return Object.fromEntries(kept);
}

function takes({ accepts }: ModelInfo, option: string): boolean {
  return accepts?.options.includes(option) ?? false;
}

function refused(option: string, reason: string): RerankError {
  return new RerankError('INVALID_ARGUMENT', `options.${option}: a cascade has no use for it, since ${reason}`);
}
