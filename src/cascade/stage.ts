import { RerankError } from '../errors.js';
import type { Progress, Ranker, RerankResponse } from '../types.js';
import { Pace } from './pace.js';
import type { StageOptions } from './request.js';

/** What one stage is asked in one call to a cascade. */
export interface Question {
  readonly query: string;
  readonly texts: readonly string[];
  readonly options: StageOptions;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** A reranker of a cascade, and how fast it was so far. */
export class Stage {
  readonly pace = new Pace();
  /** Documents of the longest list that was done. */
  longest = 0;

  constructor(readonly ranker: Ranker) {}

  /** Whether a document's score does not depend on the others of its list, so that a list may be scored in parts. */
  get scoresAlone(): boolean {
    const { family, scoreKind } = this.ranker.model;
    return family === 'pairwise' || (family === 'similarity' && scoreKind === 'cosine');
  }

  /** @throws RerankError INTERNAL: a document that came back without a score is never left out silently */
  async rerank({ query, texts, options, onProgress }: Question, signal: AbortSignal): Promise<RerankResponse> {
    const response = await this.ranker.rerank(query, texts, { ...options, signal, ...(onProgress ? { onProgress } : {}) });
    if (response.results.length !== texts.length)
      throw new RerankError('INTERNAL', `expected ${texts.length} results of a stage, got ${response.results.length}`);
    this.pace.learn(response.usage);
    this.longest = Math.max(this.longest, texts.length);
    return response;
  }
}
