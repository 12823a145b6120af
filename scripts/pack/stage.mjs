// @ts-check
/**
 * Lays out what is published. In a checkout the optional dependencies are llama.cpp's packages, beside the addon that is compiled there;
 * the published package names platform packages instead, each with its own llama.cpp.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platforms, readManifest, root } from './platforms.mjs';

/** @typedef {import('./platforms.mjs').Manifest} Manifest */

/** Provenance on npm wants the repository in which the package was built. */
function repository() {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
  return GITHUB_REPOSITORY ? { repository: { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` } } : {};
}

/**
 * @param {Manifest} checkout package.json of the checkout
 * @returns {Manifest} that of the published package
 */
export function mainManifest(checkout) {
  const { scripts: _, devDependencies: __, private: ___, ...kept } = checkout;
  const names = Object.keys(platforms).map((platform) => `@llama-rerank/${platform}`);
  return {
    ...kept,
    ...repository(),
    optionalDependencies: Object.fromEntries(names.map((name) => [name, checkout.version])),
  };
}

/**
 * @param {Manifest} checkout
 * @param {string} platform
 * @returns {Manifest & { preferUnplugged: boolean, description: string, type: string }}
 */
export function platformManifest(checkout, platform) {
  const known = platforms[platform];
  if (!known) throw new Error(`packages/platforms.json has no ${platform}; it has ${Object.keys(platforms).join(', ')}`);
  const [os = '', cpu = ''] = platform.split('-');
  const llama = `@node-llama-cpp/${known.llama}`;
  // In the checkout, the packages that would be installed on other processors too are not named: their version is the others'.
  const version = Object.values(checkout.optionalDependencies ?? {})[0] ?? '';
  return {
    name: `@llama-rerank/${platform}`,
    version: checkout.version,
    description: `Native addon of llama-rerank for ${known.system}`,
    license: checkout.license,
    type: 'commonjs',
    ...repository(),
    engines: checkout.engines,
    os: [os],
    cpu: [cpu],
    ...(known.libc ? { libc: [known.libc] } : {}),
    preferUnplugged: true,
    exports: { './llama_rerank.node': './llama_rerank.node', './package.json': './package.json' },
    files: ['llama_rerank.node'],
    dependencies: { [llama]: version },
  };
}

/**
 * @param {string} folder
 * @param {Manifest} manifest
 */
function begin(folder, manifest) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

/**
 * The main package. dist/ has to be there.
 * @param {string} folder is made anew
 */
export function stageMain(folder) {
  const manifest = mainManifest(readManifest(root));
  begin(folder, manifest);
  // Nobody imports these two, and their types name packages that are not installed.
  const filter = (/** @type {string} */ file) => !/[\\/]dist[\\/](cli|mcp)[\\/].*\.d\.ts$/.test(file);
  for (const path of ['README.md', ...(manifest.files ?? [])])
    cpSync(join(root, path), join(folder, path), { recursive: true, filter });
}

/**
 * The package of one platform.
 * @param {string} folder is made anew
 * @param {string} platform
 * @param {string} addon the compiled file
 */
export function stagePlatform(folder, platform, addon) {
  const manifest = platformManifest(readManifest(root), platform);
  if (!existsSync(addon)) throw new Error(`there is no ${addon}: run npm run build:native`);
  begin(folder, manifest);
  copyFileSync(addon, join(folder, 'llama_rerank.node'));
  const system = platforms[platform]?.system ?? '';
  const text = readFileSync(join(root, 'packages', 'README.md'), 'utf8');
  const readme = text.replaceAll('{platform}', platform).replaceAll('{version}', manifest.version).replaceAll('{system}', system);
  writeFileSync(join(folder, 'README.md'), readme);
}
