import { setImmediate } from 'node:timers/promises';
import { type RawHeader, readHeader } from './gguf-header.js';
import { elements, type GgufTensor } from './gguf-tensors.js';
import type { GgufArray, GgufScalar, GgufValue } from './gguf-values.js';
import { type ModelFile, openModelFile } from './model-file.js';

export type { GgufTensor } from './gguf-tensors.js';
export type { GgufScalar, GgufValue } from './gguf-values.js';

export interface GgufHeader {
  version: number;
  /** In the order of the file. Integers of 64 bits are numbers where a number holds them exactly, else bigints. */
  metadata: Map<string, GgufValue>;
  tensors: GgufTensor[];
  /** Elements of all tensors. */
  parameters: number;
  /** Where the tensors' data begins. */
  dataOffset: number;
  /** Size of the file. */
  fileBytes: number;
  /** Size that the tensors need; more than `fileBytes` means that the file is cut off. */
  expectedBytes: number;
}

/** Elements after which other work gets its turn. */
const TURN = 32_768;

/**
 * Reads the header of a GGUF file (version 2 or 3): metadata and the list of tensors, never the weights. Nothing that the file
 * says about its own lengths is believed beyond its size.
 *
 * @throws RerankError MODEL_NOT_FOUND, MODEL_NOT_REGULAR (a folder, a pipe, a device), MODEL_UNREADABLE (no permission),
 *   MODEL_BAD_MAGIC (not a GGUF file), MODEL_BAD_VERSION, MODEL_TRUNCATED (cut off within the header), MODEL_CORRUPT
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  const file = await openModelFile(path);
  try {
    const header = await readHeader(file, (problem) => {
      // Whoever looks at a file wants to see what is there of it.
      if (problem.code !== 'MODEL_TRUNCATED') throw problem;
    });
    return await decodeHeader(header, file);
  } finally {
    await file.close();
  }
}

/** The header with all lists as arrays. */
export async function decodeHeader(header: RawHeader, file: ModelFile): Promise<GgufHeader> {
  const metadata = new Map<string, GgufValue>();
  for (const [key, { value }] of header.metadata) {
    metadata.set(key, typeof value === 'object' ? await decodeArray(value) : value);
  }
  return {
    version: header.version,
    metadata,
    tensors: [...header.tensors],
    parameters: header.tensors.reduce((sum, { shape }) => sum + elements(shape), 0),
    dataOffset: header.dataOffset,
    fileBytes: file.size,
    expectedBytes: header.expectedBytes,
  };
}

async function decodeArray(array: GgufArray): Promise<GgufScalar[]> {
  const values = array.slice(0, TURN);
  for (let from = TURN; from < array.length; from += TURN) {
    await setImmediate();
    for (const value of array.slice(from, from + TURN)) values.push(value);
  }
  return values;
}
