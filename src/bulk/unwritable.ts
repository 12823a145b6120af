import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RerankError } from '../index.js';

/** What cannot be written, and the system's reason. */
export function unwritable(file: string, cause: unknown): RerankError {
  const message = `${file}: expected a place that can be written: ${(cause as Error).message}`;
  return new RerankError('OUTPUT_UNWRITABLE', message, { cause });
}

/**
 * So that hours of work do not end in a folder that is not there.
 *
 * @throws RerankError OUTPUT_UNWRITABLE
 */
export async function expectWritable(file: string): Promise<void> {
  await access(dirname(file), constants.W_OK).catch((cause) => {
    throw unwritable(file, cause);
  });
}
