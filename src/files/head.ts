import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** File name of a head that lies beside its model. */
export const HEAD_NAME = 'projector.safetensors';

/** The head file that belongs to a model: the one that is named, or the one beside it. */
export async function findHead(model: string, named: string | undefined): Promise<string | undefined> {
  if (named !== undefined) return named;
  const beside = join(dirname(model), HEAD_NAME);
  const found = await stat(beside).catch(() => undefined);
  return found?.isFile() ? beside : undefined;
}
