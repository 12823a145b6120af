import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { RerankError } from '../errors.js';
import { foreignFormat } from './foreign-format.js';

/**
 * Opens a model file that exists, can be read and is a regular file.
 *
 * @throws RerankError MODEL_NOT_FOUND, MODEL_UNREADABLE, MODEL_NOT_REGULAR (a folder, a pipe, a device)
 */
export async function openModelFile(path: string): Promise<{ file: FileHandle; size: number }> {
  const file = await openFile(path);
  const stat = await file.stat();
  if (stat.isFile()) return { file, size: stat.size };
  await file.close();
  const kind = stat.isDirectory() ? 'a folder' : 'not a regular file';
  throw new RerankError('MODEL_NOT_REGULAR', `expected a GGUF file, but ${path} is ${kind}`);
}

/**
 * Checks that a path is a GGUF file, before llama.cpp sees it.
 *
 * @throws RerankError as openModelFile; MODEL_BAD_MAGIC with what the file looks like instead
 */
export async function checkModelFile(path: string): Promise<void> {
  const { file } = await openModelFile(path);
  try {
    const start = Buffer.alloc(64);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    if (start.toString('latin1', 0, 4) !== 'GGUF') {
      throw new RerankError(
        'MODEL_BAD_MAGIC',
        `${path} is not a GGUF file: it is ${foreignFormat(start.subarray(0, bytesRead))}`,
      );
    }
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK (which Windows has not), opening a named pipe that nobody writes to never returns.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || path === '') {
      throw new RerankError('MODEL_NOT_FOUND', `there is no file ${path === '' ? '"" (the path is empty)' : path}`, { cause });
    }
    if (code === 'ENXIO' || code === 'EISDIR') {
      throw new RerankError('MODEL_NOT_REGULAR', `expected a GGUF file, but ${path} is not a regular file`, { cause });
    }
    throw new RerankError('MODEL_UNREADABLE', `cannot open ${path}: ${(cause as Error).message}`, { cause });
  }
}
