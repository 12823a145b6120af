import type { Engine } from './engine/engine.js';
import { RerankError } from './errors.js';
import type { Family } from './family.js';
import { findHead } from './files/head.js';
import { readSafetensors } from './files/safetensors.js';
import { listwise } from './listwise/family.js';
import { readProjector } from './listwise/projector.js';
import { similarity } from './similarity/family.js';

export interface OpenFamily {
  family: Family;
  head: string | undefined;
}

/**
 * Decides from a loaded model how it reranks.
 *
 * @param path the model file
 * @param head its head file, if one was named
 * @throws RerankError MODEL_UNSUPPORTED_ARCH, MODEL_NOT_A_RERANKER, MODEL_BAD_VOCAB, PROJECTOR_*: a model that cannot be scored right
 *   is refused.
 */
export async function openFamily(
  engine: Engine,
  path: string,
  head: string | undefined,
  ubatchSize: number,
): Promise<OpenFamily> {
  const { metadata, control, contextTrain, embedding, slidingWindow, bos, sep } = engine.info;
  const architecture = metadata['general.architecture'] ?? 'unknown';
  if (architecture === 'qwen3') {
    const file = await findHead(path, head);
    if (file === undefined) {
      throw new RerankError(
        'MODEL_NOT_A_RERANKER',
        `${path}: a qwen3 model scores nothing by itself. For jina-reranker-v3, put its projector.safetensors beside the model or pass head`,
      );
    }
    const weights = readProjector(await readSafetensors(file), embedding, file);
    const project = engine.projector(weights.first, weights.second, weights.width);
    return { family: listwise(control, contextTrain, slidingWindow > 0, { width: weights.output, project }), head: file };
  }
  if (architecture === 'bert' && metadata['bert.pooling_type'] === '1') {
    if (head !== undefined)
      throw new RerankError('INVALID_ARGUMENT', `options.head: ${path} is an embedding model, it takes no head`);
    const maxTokens = Math.min(Number(metadata['llama-rerank.max_tokens'] ?? contextTrain), contextTrain);
    const family = similarity({ prefix: [bos], suffix: [sep], maxTokens, batchTokens: Math.max(ubatchSize, maxTokens) });
    return { family, head: undefined };
  }
  throw new RerankError(
    architecture === 'bert' ? 'MODEL_NOT_A_RERANKER' : 'MODEL_UNSUPPORTED_ARCH',
    `${path}: architecture ${architecture}${architecture === 'bert' ? ' without mean pooling' : ''} cannot be scored by this version. ` +
      'Known are jina-reranker-v3 (qwen3 with a projector) and embedding models (bert with mean pooling)',
  );
}
