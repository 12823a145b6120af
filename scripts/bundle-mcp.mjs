// @ts-check
/**
 * Puts what `src/mcp/sdk.ts` names of the official SDK of the Model Context Protocol into one file, dist/mcp/sdk.js, with the licences beside
 * it. As dependencies the same would install 17 MB.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** @param {string} root */
export async function bundleMcp(root) {
  const build = await rolldown({ input: join(root, 'src', 'mcp', 'sdk.ts'), platform: 'node', logLevel: 'warn' });
  const { output } = await build.write({ file: join(root, 'dist', 'mcp', 'sdk.js'), format: 'esm', minify: true });
  await build.close();
  // tsc's, of the file that this one replaces.
  rmSync(join(root, 'dist', 'mcp', 'sdk.js.map'), { force: true });
  const bundled = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  const folders = bundled.flatMap((module) => [
    ...packageOf(module),
    ...inlinedIn(module).map((name) => join(root, 'node_modules', name)),
  ]);
  const licences = [...new Set(folders)].sort().map(licenceOf);
  writeFileSync(join(root, 'dist', 'mcp', 'sdk.LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
}

/**
 * The folder of the package that a module belongs to.
 * @param {string} module
 */
function packageOf(module) {
  return /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(module)?.slice(0, 1) ?? [];
}

/**
 * Packages that the SDK was built with are in its own files; comments say from where.
 * @param {string} module
 */
function inlinedIn(module) {
  if (!existsSync(module)) return [];
  const places = readFileSync(module, 'utf8').matchAll(/^\/\/#region .*node_modules\/\.pnpm\/((?:@[^+/]+\+)?[^@/]+)@/gm);
  return Array.from(places, ([, name = '']) => name.replace('+', '/'));
}

/** @param {string} folder */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${folder}: no licence to put beside the bundle`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
