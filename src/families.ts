import type { NativeModelOptions } from './engine/addon.js';
import type { Engine } from './engine/engine.js';
import { RerankError } from './errors.js';
import type { Family } from './family.js';
import type { CheckedModel } from './files/check/check.js';
import { findHead } from './files/head.js';
import { readSafetensors } from './files/safetensors.js';
import { slidingWindowOf } from './files/sliding-window.js';
import { expectSpecials, listwise } from './listwise/family.js';
import { readProjector } from './listwise/projector.js';
import { DOCUMENT_MARKER } from './listwise/prompt.js';
import { similarity } from './similarity/family.js';

/** How a model reranks, decided before its weights are loaded. */
export interface FamilyChoice {
  readonly name: Family['name'];
  readonly head: string | undefined;
  /** What the addon has to know of the file: a sliding window, which llama.cpp does not apply. */
  readonly native: Pick<NativeModelOptions, 'windowTokens' | 'windowLayers'>;
  /** Makes the family, from the loaded model. */
  open(engine: Engine, ubatchSize: number): Family;
}

const MEAN_POOLING = 1;

/**
 * Decides from a checked file how it reranks.
 *
 * @param path the model file
 * @param head its head file, if one was named
 * @throws RerankError MODEL_UNSUPPORTED_ARCH, MODEL_NOT_A_RERANKER, MODEL_BAD_VOCAB, PROJECTOR_*: a model that cannot be scored right
 *   is refused.
 */
export async function chooseFamily(model: CheckedModel, path: string, head: string | undefined): Promise<FamilyChoice> {
  if (model.architecture.name === 'qwen3') return chooseQwen3(model, path, head);
  if (head !== undefined)
    throw new RerankError('INVALID_ARGUMENT', `options.head: ${path} is an embedding model, it takes no head`);
  if (model.architecture.name !== 'bert') {
    throw new RerankError('MODEL_UNSUPPORTED_ARCH', `${path}: ${model.architecture.name} models are not scored yet`);
  }
  return chooseBert(model, path);
}

async function chooseQwen3(model: CheckedModel, path: string, named: string | undefined): Promise<FamilyChoice> {
  const { width, context } = model.dimensions;
  if (hasTensor(model, 'cls.output.weight')) {
    throw new RerankError(
      'MODEL_UNSUPPORTED_ARCH',
      `${path}: a qwen3 model with a classifier (Qwen3-Reranker) scores pairs, which this version does not do. Use jina-reranker-v3`,
    );
  }
  const head = await findHead(path, named);
  if (head === undefined) throw withoutHead(model, path);
  expectSpecials(model.vocabulary.control, path);
  const weights = readProjector(await readSafetensors(head), width, head);
  const window = slidingWindowOf(model.header);
  const open = (engine: Engine): Family => {
    const project = engine.projector(weights.first, weights.second, weights.width);
    return listwise(engine.info.control, context, window !== undefined, { width: weights.output, project });
  };
  return { name: 'listwise', head, native: window ? { windowTokens: window.tokens, windowLayers: window.layers } : {}, open };
}

function withoutHead({ vocabulary }: CheckedModel, path: string): RerankError {
  const what = vocabulary.control.has(DOCUMENT_MARKER.special)
    ? "a listwise reranker's model without its head, projector.safetensors, gives no scores"
    : 'a qwen3 language model gives no scores: it has neither a projector nor a classifier (cls.output.weight), and what llama.cpp ' +
      'ranks with then is meaningless';
  const advice = 'For jina-reranker-v3, put its projector.safetensors beside the model or pass head';
  return new RerankError('MODEL_NOT_A_RERANKER', `${path}: ${what}. ${advice}`);
}

async function chooseBert(model: CheckedModel, path: string): Promise<FamilyChoice> {
  const pooling = number(model, 'bert.pooling_type');
  if (pooling !== MEAN_POOLING) {
    const crossEncoder = hasTensor(model, 'cls.output.weight');
    throw new RerankError(
      crossEncoder ? 'MODEL_UNSUPPORTED_ARCH' : 'MODEL_NOT_A_RERANKER',
      crossEncoder
        ? `${path}: a bert model with a classifier (a cross-encoder) scores pairs, which this version does not do`
        : `${path}: bert without mean pooling (bert.pooling_type is ${pooling ?? 'absent'}, expected ${MEAN_POOLING}) cannot be scored: it is ` +
            'no embedding model of the known kind. Use all-MiniLM-L6-v2 or another model with mean pooling',
    );
  }
  const maxTokens = Math.min(number(model, 'llama-rerank.max_tokens') ?? model.dimensions.context, model.dimensions.context);
  const open = ({ info }: Engine, ubatchSize: number): Family =>
    similarity({ prefix: [info.bos], suffix: [info.sep], maxTokens, batchTokens: Math.max(ubatchSize, maxTokens) });
  return { name: 'similarity', head: undefined, native: {}, open };
}

function number(model: CheckedModel, key: string): number | undefined {
  return model.header.metadata.get(key)?.value as number | undefined;
}

function hasTensor(model: CheckedModel, name: string): boolean {
  return model.header.tensors.some((tensor) => tensor.name === name);
}
