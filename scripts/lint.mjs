// @ts-check
/** Formatting, lint and import directions. All of them run, then it fails if any failed. `--write` repairs what can be. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const write = process.argv.includes('--write');

/**
 * @param {string} folder
 * @param {boolean} recursive
 */
function cppFiles(folder, recursive) {
  if (!existsSync(join(root, folder))) return [];
  const names = readdirSync(join(root, folder), { recursive, encoding: 'utf8' });
  return names.filter((name) => /\.(cc|h)$/.test(name)).map((name) => join(folder, name));
}

/** @type {Record<string, string[]>} */
const checks = {
  biome: [process.execPath, require.resolve('@biomejs/biome/bin/biome'), 'check', ...(write ? ['--write'] : []), '.'],
  'clang-format': [
    require('clang-format-node').clangFormatPath,
    '--style=file:native/.clang-format',
    ...(write ? ['-i'] : ['--dry-run', '-Werror']),
    ...cppFiles('native', false),
    ...cppFiles('test/native', true),
  ],
  imports: [process.execPath, join(root, 'scripts', 'check-imports.mjs')],
};

const failed = Object.entries(checks).filter(([name, [command, ...args]]) => {
  const result = spawnSync(/** @type {string} */ (command), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.error) console.error(`${name}: ${result.error.message}`);
  return result.status !== 0;
});
if (failed.length > 0) {
  console.error(`lint failed: ${failed.map(([name]) => name).join(', ')}${write ? '' : ' (npm run format repairs formatting)'}`);
  process.exit(1);
}
