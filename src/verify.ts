import { callSafely } from './engine/failure.js';
import { RerankError } from './errors.js';
import {
  findByFile,
  findKnown,
  type KnownModel,
  type PublishedExample,
  type PublishedRun,
  readCatalog,
} from './files/catalog.js';
import { readGguf } from './files/gguf.js';
import { resolveModel } from './files/resolve.js';
import { Reranker } from './reranker.js';
import type { LoadOptions, Progress } from './types.js';

/** `right`: within the published tolerance. `close`: as a quantized file may be. */
export type Verdict = 'right' | 'close' | 'wrong';

export interface VerifyOptions extends LoadOptions {
  /** Path of another catalogue. */
  catalog?: string;
  /** Name of the known model that the file is; default what its name says. */
  as?: string;
}

/** One published list, and what this machine makes of it. */
export interface VerifiedExample {
  query: string;
  documents: string[];
  /** Each document was scored in a prompt of its own. */
  separately: boolean;
  expected: number[];
  got: number[];
  largestDifference: number;
  tolerance: number;
  /** Of the published scores that are nearest. */
  precision: string;
  source: string;
  verdict: Verdict;
}

export interface Verification {
  path: string;
  /** Name of the known model. */
  name: string;
  /** Number format of most weights, for example `Q8_0`. */
  quantization: string;
  examples: VerifiedExample[];
  /** The worst of all examples; undefined if none are published. */
  verdict: Verdict | undefined;
}

/**
 * Computes the lists for which somebody published scores, and compares. `close` is for quantized files only: no pair of documents that
 * the published scores tell apart has changed places, and no score is off by more than a quarter of the list's span.
 *
 * @param model as for Reranker.load
 * @throws RerankError as Reranker.load; MODEL_UNKNOWN if it cannot be told which known model the file is
 */
export async function verifyModel(model: string, options: VerifyOptions = {}): Promise<Verification> {
  const { catalog: catalogPath, as, ...load } = options;
  const catalog = readCatalog(catalogPath);
  const onProgress = (progress: Progress): void => callSafely(load.onProgress, progress);
  const files = await resolveModel(model, { ...load, onProgress, catalog });
  const known =
    as === undefined
      ? (files.known?.model ?? findByFile(catalog, files.path) ?? (catalog.models.length === 1 ? catalog.models[0] : undefined))
      : findKnown(catalog, as);
  if (known === undefined) {
    const names = catalog.models.map(({ name }) => name).join(', ');
    throw new RerankError('MODEL_UNKNOWN', `${as ?? model}: cannot tell which known model this is. Name one of ${names} (--as)`);
  }
  const quantization = await quantizationOf(files.path);
  const head = load.head ?? files.head;
  const examples: VerifiedExample[] = [];
  if (known.examples.length > 0) {
    const reranker = await Reranker.load(files.path, { ...load, lexical: 0, ...(head === undefined ? {} : { head }) });
    try {
      for (const example of known.examples) {
        const scores = new Map<boolean, number[]>();
        for (const separately of new Set(example.runs.map((run) => run.separately === true)))
          scores.set(separately, await score(reranker, example, separately, known.score, load.signal));
        examples.push(...judge(example, scores, !/^(F32|F16|BF16)$/.test(quantization)));
      }
    } finally {
      await reranker.dispose();
    }
  }
  const verdict = (['wrong', 'close', 'right'] as const).find((each) => examples.some((example) => example.verdict === each));
  return { path: files.path, name: known.name, quantization, examples, verdict };
}

/** The type of most of the weights. */
async function quantizationOf(path: string): Promise<string> {
  const { tensors } = await readGguf(path);
  const bytes = new Map<string, number>();
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes);
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'none';
}

/** Scores in the order of the documents; logits where those are what was published. */
async function score(
  reranker: Reranker,
  { query, documents }: PublishedExample,
  separately: boolean,
  kind: KnownModel['score'],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const lists = separately ? documents.map((document) => [document]) : [documents];
  const scores: number[] = [];
  for (const list of lists) {
    const { results } = await reranker.rerank(query, list, signal ? { signal } : {});
    const inOrder = results.sort((a, b) => a.index - b.index);
    scores.push(...inOrder.map(({ relevanceScore, logit }) => (kind === 'logit' ? (logit ?? Number.NaN) : relevanceScore)));
  }
  return scores;
}

/** One entry for each way of scoring: the published run that is nearest counts, since they differ among themselves. */
function judge(example: PublishedExample, scores: Map<boolean, number[]>, isQuantized: boolean): VerifiedExample[] {
  return [...scores].map(([separately, got]) => {
    const runs = example.runs.filter((run) => (run.separately === true) === separately);
    const [run] = runs.sort((a, b) => excess(a, got) - excess(b, got)) as [PublishedRun, ...PublishedRun[]];
    return {
      query: example.query,
      documents: [...example.documents],
      separately,
      expected: [...run.scores],
      got,
      largestDifference: difference(run, got),
      tolerance: run.tolerance,
      precision: run.precision,
      source: run.source,
      verdict: difference(run, got) <= run.tolerance ? 'right' : isQuantized && isClose(run, got) ? 'close' : 'wrong',
    };
  });
}

function difference({ scores }: PublishedRun, got: readonly number[]): number {
  return scores.reduce((most, expected, i) => Math.max(most, Math.abs(expected - (got[i] ?? Number.NaN))), 0);
}

function excess(run: PublishedRun, got: readonly number[]): number {
  return difference(run, got) / run.tolerance;
}

function isClose(run: PublishedRun, got: readonly number[]): boolean {
  const { scores, tolerance } = run;
  const span = Math.max(...scores) - Math.min(...scores);
  const keepsOrder = scores.every((a, i) =>
    scores.every((b, j) => a - b <= 2 * tolerance || (got[i] ?? Number.NaN) > (got[j] ?? Number.NaN)),
  );
  return keepsOrder && difference(run, got) <= span / 4;
}
