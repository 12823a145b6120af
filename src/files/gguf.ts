import type { FileHandle } from 'node:fs/promises';
import { RerankError } from '../errors.js';
import { type GgufHeader, parseHeader } from './gguf-header.js';
import { HeaderContinues } from './header-cursor.js';
import { openModelFile } from './model-file.js';

export type { GgufHeader, GgufTensor } from './gguf-header.js';
export type { GgufScalar, GgufValue } from './header-cursor.js';

const FIRST_READ = 1024 * 1024;
const LARGEST_HEADER = 256 * 1024 * 1024;

/**
 * Reads the header of a GGUF file (version 2 or 3): metadata and the list of tensors, never the weights. Nothing that the file
 * says about its own lengths is believed beyond its size.
 *
 * @throws RerankError MODEL_NOT_FOUND, MODEL_NOT_REGULAR (a folder, a pipe, a device), MODEL_BAD_MAGIC (not a GGUF file, or
 * a version that is not supported), MODEL_UNREADABLE (no permission, cut off, or contradictory).
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  const { file, size } = await openModelFile(path);
  try {
    return await readHeader(file, path, size);
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle, path: string, fileSize: number): Promise<GgufHeader> {
  let wanted = FIRST_READ;
  for (;;) {
    if (wanted > LARGEST_HEADER) {
      throw new RerankError('MODEL_UNREADABLE', `${path}: the header is larger than ${LARGEST_HEADER} bytes`);
    }
    const bytes = await readStart(file, path, Math.min(wanted, fileSize));
    try {
      return parseHeader(bytes, fileSize, path);
    } catch (error) {
      if (!(error instanceof HeaderContinues)) throw error;
      if (bytes.length === fileSize || bytes.length < wanted) throw cutOff(path, fileSize);
      wanted = Math.max(error.end, wanted * 2);
      if (error.end <= LARGEST_HEADER) wanted = Math.min(wanted, LARGEST_HEADER);
    }
  }
}

async function readStart(file: FileHandle, path: string, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, filled).catch((cause: unknown) => {
      throw new RerankError('MODEL_UNREADABLE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
    });
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function cutOff(path: string, fileSize: number): RerankError {
  const message = `${path} ends in the middle of its header, after ${fileSize} bytes: the download or copy was probably cut off`;
  return new RerankError('MODEL_UNREADABLE', message);
}
