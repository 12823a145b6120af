import { abortable } from '../abortable.js';
import type { RerankResult, Usage } from '../types.js';
import { type Estimate, estimate, fitting, tokensOf } from './pace.js';
import type { Question, Stage } from './stage.js';

/** Part of the time that is planned with. A list that is not done in time is lost as a whole; of parts, only the last one is. */
const MARGIN_LIST = 0.7;
const MARGIN_PART = 0.5;

/** How many times as many documents as the longest list so far the next one may have. */
const GROWTH = 4;

/** Results of the documents that were scored, not yet in order, and the usage of each call. */
export interface Scored {
  readonly results: readonly RerankResult[];
  readonly usages: readonly Usage[];
}

class TimeUp extends Error {}

/**
 * Scores as many documents, from the first on, as are done at `end`, as `performance.now()` counts. What runs then is stopped, which takes
 * as long as an abort takes: one micro-batch at most.
 *
 * Stages that score each document alone get them in parts, each as large as fits into half of the time left; without a measured
 * pace the first part is one document. Others get a list that is as long as fits with a margin, and at most four times as long as one that was done before; while
 * time is left, a longer one is tried and takes its place. So the first call begins with one document.
 *
 * @throws what the stage throws, and the signal's reason
 */
export async function scoreUntil(stage: Stage, question: Question, end: number, signal: AbortSignal): Promise<Scored> {
  if (end <= performance.now()) return { results: [], usages: [] };
  const late = new AbortController();
  const timeUp = new TimeUp();
  const timer = setTimeout(() => late.abort(timeUp), end - performance.now());
  const either = AbortSignal.any([signal, late.signal]);
  const usages: Usage[] = [];
  const results: RerankResult[] = [];
  try {
    // Counting cannot be stopped, but need not be waited for.
    const tokens = await abortable(count(stage, question), either);
    const call = (first: number, last: number) => timed(stage, question, tokens, first, last, usages, either);
    const run = stage.scoresAlone ? inParts : asList;
    for await (const part of run(stage, tokens, () => end - performance.now(), call)) {
      // A longer list takes the place of the one before: it begins with the same documents.
      if (!stage.scoresAlone) results.length = 0;
      results.push(...part);
    }
  } catch (error) {
    if (error !== timeUp) throw error;
    signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
  }
  return { results, usages };
}

type CallPart = (first: number, last: number) => Promise<RerankResult[]>;

async function* inParts({ pace }: Stage, tokens: Estimate, left: () => number, call: CallPart): AsyncGenerator<RerankResult[]> {
  const total = tokens.documents.length;
  let done = 0;
  while (done < total && left() > 0) {
    const { millisecondsPerToken: each } = pace;
    let size = each === undefined ? 1 : fitting(tokens, done, each, left() * MARGIN_PART);
    // The first one is tried whatever the pace, so that a bad measurement is not the last one.
    if (size === 0) size = done === 0 || fitting(tokens, done, each as number, left()) > 0 ? 1 : 0;
    if (size === 0) return;
    yield await call(done, done + size);
    done += size;
  }
}

async function* asList(stage: Stage, tokens: Estimate, left: () => number, call: CallPart): AsyncGenerator<RerankResult[]> {
  const { pace } = stage;
  const total = tokens.documents.length;
  for (let done = 0; done < total && left() > 0; ) {
    const each = pace.millisecondsPerToken;
    const fit = each === undefined ? 1 : Math.max(fitting(tokens, 0, each, left() * MARGIN_LIST), 1);
    // A token takes longer in a longer list, so the pace of a short one says little of a list many times as long.
    const size = Math.min(fit, total, GROWTH * Math.max(stage.longest, 1));
    if (size <= done) return;
    yield await call(0, size);
    done = size;
  }
}

/** One call with documents `first` to `last`; results have their places in the whole list. */
async function timed(
  stage: Stage,
  question: Question,
  tokens: Estimate,
  first: number,
  last: number,
  usages: Usage[],
  signal: AbortSignal,
): Promise<RerankResult[]> {
  const begin = performance.now();
  const total = tokensOf(tokens, 0, tokens.documents.length);
  const before = tokensOf(tokens, 0, first) - tokens.call;
  const { onProgress: tell } = question;
  const onProgress: Question['onProgress'] =
    tell && ((progress) => tell({ ...progress, done: before + progress.done, total: Math.max(total, before + progress.total) }));
  try {
    const { results, usage } = await stage.rerank({ ...question, texts: question.texts.slice(first, last), onProgress }, signal);
    usages.push(usage);
    return results.map((result) => ({ ...result, index: first + result.index }));
  } catch (error) {
    if (error instanceof TimeUp) stage.pace.learnStopped(tokensOf(tokens, first, last), performance.now() - begin);
    throw error;
  }
}

async function count({ ranker }: Stage, { query, texts, options }: Question): Promise<Estimate> {
  const { family, maxDocumentTokens } = ranker.model;
  const most = options.overflow === 'chunk' ? Number.POSITIVE_INFINITY : (options.maxDocumentTokens ?? maxDocumentTokens);
  return estimate(family, await ranker.countTokens([query, ...texts]), most);
}
