import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** The folder of reference files too large for the package: LLAMA_RERANK_REFERENCE, or `shared` beside the checkout. */
export const reference = resolve(root, process.env.LLAMA_RERANK_REFERENCE ?? '../shared');

/** A suite that needs `path` inside the reference folder. Without it the suite is skipped, and its title says why. */
export function describeReference(name: string, path: string, suite: (path: string) => void): void {
  const full = join(reference, path);
  const found = existsSync(full);
  const title = found
    ? name
    : `${name} (skipped: there is no ${full}; LLAMA_RERANK_REFERENCE names the folder of reference files)`;
  describe.skipIf(!found)(title, () => suite(full));
}
