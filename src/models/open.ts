import type { KnownModel } from '../files/catalog.js';
import { checkModel } from '../files/check/check.js';
import { expectChecksum } from '../files/checksum.js';
import { type ModelFile, openModelFile } from '../files/model-file.js';
import type { LoadOptions } from '../types.js';
import type { FamilyChoice } from './candidate.js';
import { chooseFamily } from './choose.js';

/**
 * Opens a model file, checks it and decides how it reranks, before llama.cpp sees it.
 *
 * @throws RerankError as checkModel and chooseFamily; MODEL_HASH_MISMATCH; the signal's reason. The file is closed then.
 */
export async function openChecked(
  path: string,
  options: LoadOptions,
  known: KnownModel | undefined,
): Promise<{ file: ModelFile; choice: FamilyChoice }> {
  const { sha256, head, signal } = options;
  const file = await openModelFile(path);
  try {
    if (sha256 !== undefined) await expectChecksum(file, sha256, signal);
    const model = await checkModel(file);
    if (model.trailingBytes > 0) {
      process.emitWarning(`${path}: ${model.trailingBytes} bytes at its end belong to nothing`, 'LlamaRerankWarning');
    }
    const choice = await chooseFamily({ model, file, head, known, options });
    signal?.throwIfAborted();
    return { file, choice };
  } catch (error) {
    await file.close();
    throw error;
  }
}
