import type { EmbedOptions, ModelInfo, RerankOptions, RerankResponse } from '../index.js';

/** A document as a ranker gets it. */
export interface EvalDocument {
  id?: string | number;
  text: string;
}

/** What `evaluate` needs of a `Ranker`. */
export interface EvalRanker {
  readonly model: Readonly<ModelInfo>;
  rerank(query: string, documents: EvalDocument[], options?: RerankOptions<EvalDocument>): Promise<RerankResponse<EvalDocument>>;
  embedDocuments(documents: EvalDocument[], options?: EmbedOptions<EvalDocument>): Promise<Float32Array[]>;
}
