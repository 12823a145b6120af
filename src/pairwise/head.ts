import { RerankError } from '../errors.js';

/** A tensor of a safetensors file, as 32-bit numbers in row-major order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** `classifier(tanh(pooler(x)))`, each a matrix and a bias. */
export interface PoolerHead {
  readonly pooler: { readonly weight: Float32Array; readonly bias: Float32Array };
  readonly classifier: { readonly weight: Float32Array; readonly bias: Float32Array };
}

const PARTS = ['pooler.dense.weight', 'pooler.dense.bias', 'classifier.weight', 'classifier.bias'] as const;

/** Before the pooler's names in published files. */
const PREFIX = 'bert.';

/** The tensors of a head, by the names under which files keep them. */
export const HEAD_TENSORS: ReadonlySet<string> = new Set(PARTS.flatMap((name) => [name, PREFIX + name]));

/** Of the largest value: files may keep the classifier with few bits. */
const MOST_DIFFERENCE = 0.1;

/**
 * Finds pooler and classifier of a BertForSequenceClassification with one label among a file's tensors.
 *
 * @param width of the model's states
 * @throws RerankError PROJECTOR_CORRUPT without the tensors; PROJECTOR_MISMATCH when they belong to another model.
 */
export function readPoolerHead(tensors: ReadonlyMap<string, Tensor>, width: number, file: string): PoolerHead {
  const found = PARTS.map((name) => tensors.get(PREFIX + name) ?? tensors.get(name));
  const missing = PARTS.filter((_, i) => found[i] === undefined);
  if (missing.length > 0) {
    throw new RerankError(
      'PROJECTOR_CORRUPT',
      `${file}: there is no tensor ${missing.join(', ')} (with or without ${PREFIX} before it). The model.safetensors of the original model has them`,
    );
  }
  const shapes = [[width, width], [width], [1, width], [1]];
  const values = PARTS.map((name, i) => {
    const { shape, values } = found[i] as Tensor;
    if (String(shape) === String(shapes[i])) return values;
    throw new RerankError(
      'PROJECTOR_MISMATCH',
      `${file}: ${name} has the shape [${shape}], expected [${shapes[i]}] for this model. Use the head of the model's original repository`,
    );
  }) as [Float32Array, Float32Array, Float32Array, Float32Array];
  return { pooler: { weight: values[0], bias: values[1] }, classifier: { weight: values[2], bias: values[3] } };
}

/**
 * Checks that a head is the model's own: the classifier is in the model's file too, and both have to be the same but for the file's number format.
 *
 * @throws RerankError PROJECTOR_MISMATCH
 */
export function expectSameClassifier({ classifier }: PoolerHead, own: Float32Array, file: string): void {
  const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = own.reduce((most, value, i) => Math.max(most, Math.abs(value - (classifier.weight[i] as number))), 0);
  if (own.length === classifier.weight.length && difference <= MOST_DIFFERENCE * largest) return;
  throw new RerankError(
    'PROJECTOR_MISMATCH',
    `${file}: its classifier is not the one in the model's file: it is the head of another model. Use the one of the model's original repository`,
  );
}
