// @ts-check
/** What `npm install` does in a checkout: compiles native/ and src/. Says nothing when both are up to date. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const needed = ['native', 'node_modules/node-gyp', 'node_modules/typescript'];

if (needed.every((path) => existsSync(join(root, path)))) {
  const { buildNative } = await import('./build-native.mjs');
  const { buildTypeScript } = await import('./build-typescript.mjs');
  const built = [buildNative({ quiet: true }), await buildTypeScript()];
  if (built.includes(false)) process.exit(1);
}
