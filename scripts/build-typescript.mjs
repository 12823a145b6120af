// @ts-check
/** Compiles src/ to dist/, bundles what `llama-rerank mcp` needs and copies the page there, unless nothing changed: tsc alone takes seconds to find that out. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleMcp } from './bundle-mcp.mjs';
import { hashOf, stamped, writeStamp } from './stamp.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** @returns {Promise<boolean>} false when it failed */
export async function buildTypeScript() {
  const dist = join(root, 'dist');
  const stamp = join(root, 'build', 'typescript.stamp');
  const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'scripts/bundle-mcp.mjs', 'package-lock.json'];
  const hash = hashOf(root, sources, [require('typescript/package.json').version]);
  if (existsSync(dist) && stamped(stamp, hash)) return true;
  rmSync(stamp, { force: true });
  // Without dist the build information is wrong, and tsc would write nothing.
  if (!existsSync(dist)) rmSync(join(root, 'build', 'tsconfig.build.tsbuildinfo'), { force: true });
  const args = [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'];
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) return false;
  removeOrphans(dist);
  copyPage(dist);
  await bundleMcp(root);
  writeStamp(stamp, hash);
  return true;
}

/**
 * tsc leaves what it made of files that are gone.
 * @param {string} dist
 */
function removeOrphans(dist) {
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const stem = file.replace(/(\.d\.ts|\.js)$/, '');
    const sources = [file, `${stem}.ts`].map((name) => join(root, 'src', name));
    if (file.endsWith('.map')) rmSync(join(dist, file));
    else if (stem !== file && !sources.some((source) => existsSync(source))) rmSync(join(dist, file));
  }
}

/**
 * The page is served as it is.
 * @param {string} dist
 */
function copyPage(dist) {
  const target = join(dist, 'server', 'page');
  rmSync(target, { recursive: true, force: true });
  cpSync(join(root, 'src', 'server', 'page'), target, { recursive: true });
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  process.exit((await buildTypeScript()) ? 0 : 1);
}
