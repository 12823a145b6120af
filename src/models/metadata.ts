import { basename } from 'node:path';
import type { CheckedModel } from '../files/check/check.js';
import { GgufArray } from '../files/gguf-values.js';
import type { Candidate } from './candidate.js';

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

/** Whether one of a file's names does: the one in its metadata, its own, the one in the catalogue. */
export function isNamed({ model, file, known }: Candidate, pattern: RegExp): boolean {
  const names = [metadataValue(model, 'general.name'), basename(file.path), known?.name];
  return names.some((name) => typeof name === 'string' && pattern.test(name));
}
