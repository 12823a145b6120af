// @ts-check
/** Builds the documentation's site to build/site/dist, or serves it while it is written (--dev). */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = dirname(fileURLToPath(import.meta.url));

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, ...args) {
  // On Windows npm is a script of the shell.
  const shell = process.platform === 'win32' && command === 'npm';
  const { status } = spawnSync(command, args, { cwd: site, stdio: 'inherit', shell });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

/** Its dependencies are its own, since they weigh more than those of the package. */
function install() {
  const wanted = join(site, 'package-lock.json');
  const there = join(site, 'node_modules/.package-lock.json');
  const versions = (/** @type {string} */ file) =>
    Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages)
      .filter(([path, { optional, dev }]) => path !== '' && !optional && dev !== undefined)
      .map(([path, { version }]) => `${path} ${version}`)
      .join();
  if (existsSync(there) && versions(wanted) === versions(there)) return;
  run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
}

install();
const { writeApi } = await import('./api.mjs');
if (!(await writeApi())) throw new Error('the API reference has faults (above)');
const vitepress = join(site, 'node_modules/vitepress/bin/vitepress.js');
if (process.argv.includes('--dev')) {
  run(process.execPath, vitepress, 'dev');
} else {
  run(process.execPath, vitepress, 'build');
  run(process.execPath, 'check-links.mjs');
}
