import { createHash } from 'node:crypto';
import { RerankError } from '../errors.js';
import type { ModelFile } from './model-file.js';

/** Takes about a millisecond. */
const PIECE = 1 << 20;

/**
 * Compares the whole file with the SHA-256 it should have.
 *
 * @param expected 64 hexadecimal digits
 * @throws RerankError MODEL_HASH_MISMATCH; the signal's reason when it was aborted
 */
export async function expectChecksum(file: ModelFile, expected: string, signal?: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  const piece = new Uint8Array(PIECE);
  for (let position = 0; position < file.size; ) {
    signal?.throwIfAborted();
    const length = await file.read(piece, position);
    if (length === 0) break;
    hash.update(piece.subarray(0, length));
    position += length;
  }
  const found = hash.digest('hex');
  if (found === expected.toLowerCase()) return;
  throw new RerankError(
    'MODEL_HASH_MISMATCH',
    `${file.path}: its SHA-256 is ${found}, expected ${expected}. It is damaged or another file; fetch it again`,
  );
}
