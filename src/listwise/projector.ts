import { RerankError } from '../errors.js';

/** A tensor of a safetensors file, as 32-bit numbers in row-major order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The two matrices of `second * relu(first * x)`. */
export interface ProjectorWeights {
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly width: number;
  readonly hidden: number;
  readonly output: number;
}

/** Names under which the published files keep the two matrices. */
const NAMES = [
  ['projector.0.weight', 'projector.2.weight'],
  ['linear1.weight', 'linear2.weight'],
] as const;

/**
 * Finds the projector of jina-reranker-v3 among a file's tensors: `Linear(width, hidden)`, ReLU, `Linear(hidden, output)`, no bias.
 *
 * @throws RerankError PROJECTOR_CORRUPT without the tensors; PROJECTOR_MISMATCH when it belongs to a model of another width.
 */
export function readProjector(tensors: ReadonlyMap<string, Tensor>, width: number, file: string): ProjectorWeights {
  const names = NAMES.find((pair) => pair.every((name) => tensors.has(name)));
  if (!names) {
    throw new RerankError(
      'PROJECTOR_CORRUPT',
      `${file}: expected the tensors ${NAMES.map((pair) => pair.join(' and ')).join(', or ')}; found ${[...tensors.keys()].join(', ') || 'none'}`,
    );
  }
  const [first, second] = names.map((name) => tensors.get(name) as Tensor) as [Tensor, Tensor];
  const [hidden, input] = first.shape;
  const [output, inner] = second.shape;
  if (first.shape.length !== 2 || second.shape.length !== 2 || !hidden || !output || inner !== hidden) {
    throw new RerankError(
      'PROJECTOR_CORRUPT',
      `${file}: expected two matrices [hidden, width] and [output, hidden], got [${first.shape}] and [${second.shape}]`,
    );
  }
  if (input !== width) {
    throw new RerankError(
      'PROJECTOR_MISMATCH',
      `${file}: this projector takes states of ${input} numbers, the model gives ${width}. Use the projector published with the model`,
    );
  }
  return { first: first.values, second: second.values, width, hidden, output };
}
