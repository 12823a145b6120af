import { RerankError } from '../errors.js';
import { elements } from '../files/gguf-tensors.js';
import type { Candidate } from './candidate.js';

/** Bytes of one tensor of a model's file. */
export interface RawTensor {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Reads a small tensor of a model's file; undefined if the file has none of that name. */
export async function readRawTensor({ model, file }: Candidate, name: string): Promise<RawTensor | undefined> {
  const tensor = model.header.tensors.find((each) => each.name === name);
  if (tensor === undefined) return undefined;
  const bytes = new Uint8Array(tensor.bytes);
  const filled = await file.read(bytes, tensor.offset);
  if (filled < bytes.length) throw new RerankError('MODEL_TRUNCATED', `${file.path} is cut off within ${name}. Fetch it again`);
  return { type: tensor.type, bytes, count: elements(tensor.shape) };
}
