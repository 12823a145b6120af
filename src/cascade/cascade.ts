import { withDeadline } from '../deadline.js';
import { RerankError } from '../errors.js';
import type {
  CascadeOptions,
  EmbedOptions,
  ModelInfo,
  Ranker,
  RerankOptions,
  RerankResponse,
  RerankResult,
  ScoreKind,
  StageReport,
} from '../types.js';
import { describe, type Placed, reorder, report, sumOf } from './report.js';
import { readCascadeCall, readStages } from './request.js';
import { type Question, Stage } from './stage.js';
import { scoreUntil } from './until.js';

type CascadeCall = ReturnType<typeof readCascadeCall>;

/** Rerankers one after the other: the first orders all documents, each further one the best of them. `Reranker.cascade` documents it. */
export class Cascade implements Ranker {
  readonly model: Readonly<ModelInfo>;
  readonly #stages: readonly Stage[];
  readonly #keep: readonly number[];
  readonly #closing = new AbortController();
  #disposed: Promise<void> | undefined;

  constructor(rankers: readonly Ranker[], options: CascadeOptions) {
    const read = readStages(rankers, options);
    this.#stages = read.stages.map((ranker) => new Stage(ranker));
    this.#keep = read.keep;
    const models = read.stages.map(({ model }) => model);
    this.model = Object.freeze(describe(models, read.keep));
  }

  get scoreKind(): ScoreKind {
    return this.model.scoreKind;
  }

  async rerank<T>(query: string, documents: readonly T[], options: RerankOptions<T> = {}): Promise<RerankResponse<T>> {
    const begin = performance.now();
    this.#closing.signal.throwIfAborted();
    const models = this.#stages.map(({ ranker }) => ranker.model);
    const call = readCascadeCall(query, documents, options, models);
    const { signal, timeout, topN } = call.options;
    signal?.throwIfAborted();
    const { order, stages } = await withDeadline({ signal, timeout }, this.#closing.signal, (either) =>
      this.#run(call, begin, either),
    );
    const results = order.slice(0, topN).map((placed) => ({ ...placed, document: call.documents[placed.index] as T }));
    const usage = sumOf(stages.map((stage) => stage.usage));
    const total = performance.now() - begin;
    return { results, usage: { ...usage, milliseconds: { ...usage.milliseconds, total } }, stages };
  }

  async #run(call: CascadeCall, begin: number, signal: AbortSignal): Promise<{ order: Placed[]; stages: StageReport[] }> {
    const { texts, options } = call;
    let order: Placed[] = [];
    const stages: StageReport[] = [];
    for (const [i, stage] of this.#stages.entries()) {
      const start = performance.now();
      const best = i === 0 ? texts : order.slice(0, this.#keep[i - 1]).map(({ index }) => texts[index] as string);
      const question = this.#question(call, i, best);
      // The time that is left is shared evenly among the stages that are left.
      const end =
        i === 0 || options.deadline === undefined
          ? undefined
          : start + (begin + options.deadline - start) / (this.#stages.length - i);
      const { results, usages } = await scoreAll(stage, question, end, signal);
      signal.throwIfAborted();
      order = i === 0 ? results.map((result) => ({ ...result, stage: 0 })) : reorder(order, results, i);
      stages.push(report(stage.ranker.model, best.length, results.length, performance.now() - start, usages));
    }
    return { order, stages };
  }

  #question({ query, options, stageOptions }: CascadeCall, index: number, texts: readonly string[]): Question {
    const { onProgress } = options;
    const step = { index, count: this.#stages.length };
    return {
      query,
      texts,
      options: stageOptions[index] ?? {},
      onProgress: onProgress && ((progress) => onProgress({ ...progress, step })),
    };
  }

  async embedDocuments<T>(documents: readonly T[], options?: EmbedOptions<T>): Promise<Float32Array[]> {
    this.#closing.signal.throwIfAborted();
    return (this.#stages[0] as Stage).ranker.embedDocuments(documents, options);
  }

  async countTokens(texts: readonly string[]): Promise<number[]> {
    this.#closing.signal.throwIfAborted();
    return (this.#stages.at(-1) as Stage).ranker.countTokens(texts);
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#closing.abort(new RerankError('DISPOSED', 'this cascade was disposed; load it again'));
    await Promise.all(this.#stages.map(({ ranker }) => ranker.dispose()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** All documents, or with `end`, as many as are done by then. */
async function scoreAll(
  stage: Stage,
  question: Question,
  end: number | undefined,
  signal: AbortSignal,
): Promise<{ results: readonly RerankResult[]; usages: StageReport['usage'][] }> {
  if (end !== undefined && question.texts.length > 0) {
    const { results, usages } = await scoreUntil(stage, question, end, signal);
    return { results, usages: [...usages] };
  }
  const { results, usage } = await stage.rerank(question, signal);
  return { results, usages: [usage] };
}
