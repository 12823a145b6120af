// @ts-check
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Work
 * @property {string} query
 * @property {string[]} documents
 *
 * @typedef {object} Peer
 * @property {(work: Work) => Promise<{ scores: number[], tokens: number }>} rank Scores in the order of the documents.
 * @property {() => Promise<unknown>} close
 * @property {() => number} [peakMegabytes] Default that of this process.
 *
 * @typedef {object} Measurement
 * @property {string} peer
 * @property {string} version
 * @property {Record<string, unknown>} settings
 * @property {number} load_ms
 * @property {number} seconds
 * @property {number} tokens
 * @property {number} documents_per_s
 * @property {number} peak_mb
 * @property {number[]} scores
 */

/**
 * What every runner does: load, one call that is not counted, one that is, and a line of JSON.
 * Arguments: MODEL DOCUMENTS.json THREADS SETTINGS. The documents file holds `work`, and `warmup` of other texts.
 *
 * @param {string} peer
 * @param {string} version
 * @param {(model: string, threads: number, settings: any) => Promise<Peer>} load
 */
export async function runPeer(peer, version, load) {
  const [model = '', file = '', threads = '', settings = '{}'] = process.argv.slice(2);
  /** @type {{ work: Work, warmup: Work }} */
  const { work, warmup } = JSON.parse(readFileSync(file, 'utf8'));
  const begin = performance.now();
  const loaded = await load(model, Number(threads), JSON.parse(settings));
  const loadTime = performance.now() - begin;
  try {
    await loaded.rank(warmup);
    const start = performance.now();
    const { scores, tokens } = await loaded.rank(work);
    const seconds = (performance.now() - start) / 1000;
    if (scores.length !== work.documents.length || !scores.every((score) => Number.isFinite(score)))
      throw new Error(`${peer}: expected ${work.documents.length} finite scores, got ${scores.join(', ')}`);
    /** @type {Measurement} */
    const measurement = {
      peer,
      version,
      settings: JSON.parse(settings),
      load_ms: Math.round(loadTime),
      seconds,
      tokens,
      documents_per_s: work.documents.length / seconds,
      peak_mb: loaded.peakMegabytes?.() ?? process.resourceUsage().maxRSS / 1024,
      scores: scores.slice(0, 3),
    };
    console.log(JSON.stringify(measurement));
  } finally {
    await loaded.close();
  }
}

/** @param {URL} url of a package.json */
export function versionIn(url) {
  return JSON.parse(readFileSync(url, 'utf8')).version;
}
