// @ts-check
/** What an installation takes. */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes of an installation on linux-x64, everything included. */
export const SIZE_LIMIT = 70e6;

/**
 * Installs tarballs into an empty folder and adds up the lengths of all files.
 * @param {string[]} tarballs
 */
export function measure(tarballs) {
  const folder = mkdtempSync(join(tmpdir(), 'llama-rerank-size-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "name": "size", "private": true }');
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...tarballs];
    const shell = process.platform === 'win32';
    const result = spawnSync('npm', args, { cwd: folder, shell, stdio: ['ignore', 2, 2] });
    if (result.status !== 0) throw new Error('npm install of the tarballs failed');
    return sizeOf(join(folder, 'node_modules'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Lengths of all files, and how many there are. Links count as nothing.
 * @param {string} folder
 */
export function sizeOf(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => lstatSync(join(folder, name))).filter((stat) => stat.isFile());
  return { bytes: files.reduce((sum, { size }) => sum + size, 0), files: files.length };
}
