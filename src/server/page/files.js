// @ts-check
import { parseDocuments } from './parse.js';

/** @typedef {import('./parse.js').Format} Format */

const MOST_BYTES = 32 * 1024 * 1024;

/**
 * What dropped or chosen files put into the documents field. One file is shown as it is. Of several, each text file is one document, and
 * all become JSON Lines.
 * @param {readonly { name: string, text: string }[]} files
 * @returns {{ text: string, format: Format | 'auto' }}
 */
export function textOfFiles(files) {
  const [first] = files;
  if (first && files.length === 1) return { text: first.text, format: formatOf(first.name) };
  const lines = files.flatMap(({ name, text }) => {
    const format = formatOf(name);
    if (format === 'auto') return [{ id: name, text: text.trim() }];
    const { documents, problem } = parseDocuments(text, format);
    if (problem) throw new Error(`${name}: ${problem}`);
    return documents.map((document, i) => ({ id: document.name ?? `${name} ${i + 1}`, text: document.text }));
  });
  return { text: lines.map((line) => JSON.stringify(line)).join('\n'), format: 'json' };
}

/**
 * @param {string} name
 * @returns {Format | 'auto'}
 */
function formatOf(name) {
  if (/\.(jsonl|ndjson|json)$/i.test(name)) return 'json';
  return /\.(csv|tsv)$/i.test(name) ? 'csv' : 'auto';
}

/**
 * @param {readonly File[]} files
 * @returns {Promise<{ name: string, text: string }[]>}
 */
export async function readFiles(files) {
  if (files.reduce((sum, file) => sum + file.size, 0) > MOST_BYTES) {
    throw new Error('These files are larger than 32 MB. Use the command line for them.');
  }
  return Promise.all(files.map(async (file) => ({ name: file.name, text: decode(file.name, await bytesOf(file)) })));
}

/** @param {File} file */
async function bytesOf(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Error(`${file.name} cannot be read. Folders cannot be dropped: choose the files in them.`);
  }
}

/**
 * @param {string} name
 * @param {ArrayBuffer} bytes
 */
function decode(name, bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {}
  throw new Error(`${name} is not UTF-8 text. Extract the text of PDF or Word files first.`);
}
