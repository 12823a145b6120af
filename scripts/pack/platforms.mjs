// @ts-check
/** The platforms that have a package: packages/platforms.json. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * `llama` is the name of llama.cpp's package in @node-llama-cpp.
 * @typedef {{ system: string, libc?: string, llama: string }} Platform
 */

/** @type {Record<string, Platform>} */
export const platforms = JSON.parse(readFileSync(join(root, 'packages', 'platforms.json'), 'utf8'));

/**
 * package.json, as far as packing and checking look at it.
 * @typedef {{
 *   name: string, version: string, license: string, engines: Record<string, string>, files?: string[], exports: Record<string, unknown>,
 *   bin?: Record<string, string>, scripts?: Record<string, string>, gypfile?: boolean, private?: boolean,
 *   dependencies?: Record<string, string>, devDependencies?: Record<string, string>, peerDependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string>, repository?: object, os?: string[], cpu?: string[], libc?: string[], main?: string
 * }} Manifest
 */

/**
 * @param {string} folder
 * @returns {Manifest}
 */
export const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
