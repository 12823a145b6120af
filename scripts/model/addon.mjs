// @ts-check
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {import('../../src/engine/addon.js').NativeAddon} NativeAddon */

const ADDON = new URL('../../build/Release/llama_rerank.node', import.meta.url);
const LOADER = new URL('../../dist/engine/library.js', import.meta.url);

/** Whether `npm run build` has been run. */
export function addonIsBuilt() {
  return existsSync(fileURLToPath(ADDON)) && existsSync(fileURLToPath(LOADER));
}

/**
 * The addon of this checkout, with llama.cpp's libraries open.
 *
 * @returns {Promise<NativeAddon>}
 */
export async function openAddon() {
  if (!addonIsBuilt()) throw new Error('the addon is not built: npm run build makes it');
  /** @type {typeof import('../../src/engine/library.js')} */
  const { openLibrary } = await import(LOADER.href);
  const { addon } = await openLibrary('cpu');
  return addon;
}
