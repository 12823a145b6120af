/** `llama-rerank/ai-sdk`: a reranking model for the AI SDK. */
import {
  type LoadOptions,
  type Ranker,
  RerankError,
  Reranker,
  type RerankOptions,
  type RerankResponse,
  type ScoreKind,
} from '../index.js';
import { isRanker, SharedRanker } from './shared-ranker.js';

/** A known name, `hf:user/repo:quantization` or a GGUF file: what `Reranker.load` takes. */
export type LlamaRerankModelId = 'all-MiniLM-L6-v2' | 'jina-reranker-v3' | 'bge-reranker-v2-m3' | (string & {});

/** How models are loaded, and what the text of a document is. */
export interface LlamaRerankSettings extends Omit<LoadOptions, 'signal'> {
  /** Property or function that gives an object document's text. Without it, it is the document as JSON, and the SDK warns. */
  text?: string | ((document: Record<string, unknown>) => string);
}

/** `providerOptions.llamaRerank` of a call. */
export type LlamaRerankModelOptions = Pick<
  RerankOptions,
  'minScore' | 'instruction' | 'maxDocumentTokens' | 'maxQueryTokens' | 'blockSize' | 'overflow' | 'timeout' | 'deadline'
>;

/** What `rerank()` of the AI SDK calls: its `RerankingModelV3`, which AI SDK 7 takes too. */
export interface LlamaRerankModel {
  readonly specificationVersion: 'v3';
  readonly provider: 'llama-rerank.reranking';
  readonly modelId: string;
  doRerank(call: RerankCall): Promise<RerankAnswer>;
}

export interface RerankCall {
  documents: { type: 'text'; values: string[] } | { type: 'object'; values: Record<string, unknown>[] };
  query: string;
  topN?: number | undefined;
  abortSignal?: AbortSignal | undefined;
  providerOptions?: Record<string, Record<string, unknown>> | undefined;
}

export interface RerankAnswer {
  ranking: { index: number; relevanceScore: number }[];
  /** Under `llamaRerank`: what scores are, tokens, what was cut. */
  providerMetadata: { llamaRerank: LlamaRerankMetadata };
  warnings: { type: 'compatibility'; feature: string; details: string }[];
  response: { modelId: string };
}

export type LlamaRerankMetadata = {
  scoreKind: ScoreKind;
  totalTokens: number;
  queryTokens: number;
  queryTruncated: boolean;
  overflow: 'none' | 'split' | 'truncate' | 'chunk';
  /** Indices of ranked documents of which the model saw only the beginning, best first. */
  truncated: number[];
  /** Cascades: their stages, and for each place of `ranking` the index of the one that scored it. Scores of two stages do not compare. */
  stages?: { model: string; scoreKind: ScoreKind; documents: number; scored: number; complete: boolean }[];
  stageOf?: number[];
};

export interface LlamaRerankProvider {
  (model?: LlamaRerankModelId | Ranker): LlamaRerankModel;
  readonly specificationVersion: 'v3';
  /**
   * A reranking model. It is loaded by its first call, once for all models of this provider with that name.
   *
   * @param model what `Reranker.load` takes (default: the included starter model), or a ranker that is loaded already: that one stays yours
   *   to dispose
   */
  reranking(model?: LlamaRerankModelId | Ranker): LlamaRerankModel;
  rerankingModel(model?: LlamaRerankModelId | Ranker): LlamaRerankModel;
  /** @throws RerankError INVALID_ARGUMENT, which is a NoSuchModelError of the AI SDK too */
  languageModel(modelId: string): never;
  embeddingModel(modelId: string): never;
  imageModel(modelId: string): never;
  /** Frees the models that this provider loaded; calls that run reject with DISPOSED. The next call loads again. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const STARTER = 'all-MiniLM-L6-v2';

/**
 * A provider with its own settings. Everything that calls reject with is a RerankError, or the reason of `abortSignal`; `rerank()` passes
 * both on as they are. Imports nothing of the AI SDK, so that versions 6 and 7 both work.
 *
 * @param settings the options of `Reranker.load`, for each model that is loaded, and `text`
 */
export function createLlamaRerank(settings: LlamaRerankSettings = {}): LlamaRerankProvider {
  const { text, ...loadOptions } = settings;
  const loaded = new Map<string | undefined, SharedRanker>();

  const sharedOf = (model: string | undefined): SharedRanker => {
    const shared = loaded.get(model) ?? new SharedRanker((signal) => Reranker.load(model, { ...loadOptions, signal }));
    loaded.set(model, shared);
    return shared;
  };
  const reranking = (model?: LlamaRerankModelId | Ranker): LlamaRerankModel => {
    if (isRanker(model)) return rerankingModel(model.model.name, async () => model, text);
    const shared = sharedOf(model);
    return rerankingModel(model ?? STARTER, (signal) => shared.get(signal), text);
  };
  const dispose = async (): Promise<void> => {
    await Promise.all(Array.from(loaded.values(), (shared) => shared.dispose()));
  };
  return Object.assign((model?: LlamaRerankModelId | Ranker) => reranking(model), {
    specificationVersion: 'v3' as const,
    reranking,
    rerankingModel: reranking,
    languageModel: (modelId: string) => noSuchModel(modelId, 'languageModel'),
    embeddingModel: (modelId: string) => noSuchModel(modelId, 'embeddingModel'),
    imageModel: (modelId: string) => noSuchModel(modelId, 'imageModel'),
    dispose,
    [Symbol.asyncDispose]: dispose,
  });
}

/** The provider with default settings. */
export const llamaRerank: LlamaRerankProvider = createLlamaRerank();

function rerankingModel(
  modelId: string,
  ranker: (signal: AbortSignal | undefined) => Promise<Ranker>,
  text: LlamaRerankSettings['text'],
): LlamaRerankModel {
  return {
    specificationVersion: 'v3',
    provider: 'llama-rerank.reranking',
    modelId,
    async doRerank({ documents, query, topN, abortSignal, providerOptions }) {
      const options = callOptions(providerOptions?.llamaRerank);
      const loaded = await ranker(abortSignal);
      // The SDK looks at the first document only: a list of several kinds is called by the kind of that one.
      const values: readonly unknown[] = documents.values;
      const asJson = text === undefined && values.some((document) => typeof document !== 'string');
      const response = await loaded.rerank(query, values, { ...options, text: textOf(text), topN, signal: abortSignal });
      return {
        ranking: response.results.map(({ index, relevanceScore }) => ({ index, relevanceScore })),
        providerMetadata: { llamaRerank: metadataOf(response, loaded.scoreKind) },
        warnings: asJson ? [AS_JSON] : [],
        response: { modelId },
      };
    },
  };
}

function metadataOf({ results, usage, stages }: RerankResponse<unknown>, scoreKind: ScoreKind): LlamaRerankMetadata {
  const { totalTokens, queryTokens, queryTruncated, overflow } = usage;
  const truncated = results.filter((result) => result.truncated).map(({ index }) => index);
  const metadata = { scoreKind, totalTokens, queryTokens, queryTruncated, overflow, truncated };
  if (!stages) return metadata;
  return {
    ...metadata,
    stages: stages.map(({ milliseconds, usage: _, ...stage }) => stage),
    stageOf: results.map(({ stage = 0 }) => stage),
  };
}

const AS_JSON = {
  type: 'compatibility' as const,
  feature: 'object documents',
  details: 'Object documents are ranked as JSON text. Name their text: createLlamaRerank({ text })',
};

function textOf(text: LlamaRerankSettings['text']): (document: unknown) => string {
  const read = typeof text === 'string' ? (document: Record<string, unknown>) => document[text] : (text ?? JSON.stringify);
  return (document) => (typeof document === 'string' ? document : (read(document as Record<string, unknown>) as string));
}

const CALL_OPTIONS: { [K in keyof Required<LlamaRerankModelOptions>]: true } = {
  minScore: true,
  instruction: true,
  maxDocumentTokens: true,
  maxQueryTokens: true,
  blockSize: true,
  overflow: true,
  timeout: true,
  deadline: true,
};

/** Names are checked here, since the rest of what `rerank` takes belongs to the SDK; values are checked there. */
function callOptions(given: unknown = {}): LlamaRerankModelOptions {
  if (typeof given !== 'object' || given === null)
    throw new RerankError('INVALID_ARGUMENT', `providerOptions.llamaRerank: expected an object, got ${given}`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(CALL_OPTIONS, name));
  if (unknown === undefined) return given;
  throw new RerankError(
    'INVALID_ARGUMENT',
    `providerOptions.llamaRerank.${unknown}: unknown option; known are ${Object.keys(CALL_OPTIONS).join(', ')}`,
  );
}

/** The SDK knows its errors by symbols in the global registry, whichever copy of it made them. */
function noSuchModel(modelId: string, modelType: string): never {
  const error = new RerankError('INVALID_ARGUMENT', `no such ${modelType}: ${modelId}. This provider has reranking models only`);
  throw Object.assign(error, {
    name: 'AI_NoSuchModelError',
    modelId,
    modelType,
    [Symbol.for('vercel.ai.error')]: true,
    [Symbol.for('vercel.ai.error.AI_NoSuchModelError')]: true,
  });
}
