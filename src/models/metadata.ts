import type { CheckedModel } from '../files/check/check.js';
import { GgufArray } from '../files/gguf-values.js';

/** A number of the metadata; `key` follows the architecture's name. */
export function numberOf(model: CheckedModel, key: string): number | undefined {
  return metadataValue(model, `${model.architecture.name}.${key}`) as number | undefined;
}

export function metadataValue({ header }: CheckedModel, key: string): unknown {
  const value = header.metadata.get(key)?.value;
  return value instanceof GgufArray ? [...value.slice()] : value;
}

export function hasTensor({ header }: CheckedModel, name: string): boolean {
  return header.tensors.some((tensor) => tensor.name === name);
}
