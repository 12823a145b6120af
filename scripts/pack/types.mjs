// @ts-check
/** publint and arethetypeswrong over what is packed. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { readManifest } from './platforms.mjs';

const require = createRequire(import.meta.url);

/**
 * @param {string} folder an unpacked package
 * @returns {Promise<string[]>} problems
 */
export async function lintPackage(folder) {
  const manifest = readManifest(folder);
  const { messages } = await publint({ pkgDir: folder, pack: false, strict: true });
  // A repository is named where there is one: in the release workflow.
  const relevant = messages.filter(({ type }) => type !== 'suggestion');
  return relevant.map((message) => `publint, ${manifest.name}: ${formatMessage(message, manifest, { color: false })}`);
}

/**
 * Whether types are found in every way TypeScript has to resolve an ESM package: node16, from CommonJS too, and bundler.
 * @param {string} tarball
 * @returns {string[]} problems
 */
export function checkTypes(tarball) {
  const attw = join(dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist', 'index.js');
  const args = [attw, tarball, '--profile', 'esm-only', '--no-color', '--no-emoji', '--format', 'ascii'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return status === 0 ? [] : [`arethetypeswrong: ${stdout}${stderr}`.trim()];
}
