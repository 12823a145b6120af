// Markdown to passages: one for each heading, with the headings above it, so that a passage can be understood by itself.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @typedef {object} Passage
 * @property {number} id
 * @property {string} source the file, from the folder on
 * @property {string} heading the headings that lead to it: "Heating > Radiators stay cold"
 * @property {string} text
 */

/**
 * @param {string} folder
 * @returns {Promise<Passage[]>}
 */
export async function readPassages(folder) {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith('.md')).sort();
  const passages = await Promise.all(
    files.map(async (source) =>
      splitByHeading(await readFile(join(folder, source), 'utf8')).map((part) => ({ source, ...part })),
    ),
  );
  return passages.flat().map((passage, id) => ({ id, ...passage }));
}

/** @param {string} markdown */
export function splitByHeading(markdown) {
  /** @type {string[]} */
  const headings = [];
  /** @type {{ heading: string, lines: string[] }[]} */
  const parts = [{ heading: '', lines: [] }];
  let inCode = false;
  for (const line of markdown.split(/\r?\n/)) {
    if (/^\s*(```|~~~)/.test(line)) inCode = !inCode;
    const [, level, title] = (!inCode && /^(#{1,6})\s+(.*?)\s*#*$/.exec(line)) || [];
    if (level && title !== undefined) {
      headings.splice(level.length - 1, headings.length, title);
      parts.push({ heading: headings.filter(Boolean).join(' > '), lines: [] });
    } else {
      parts.at(-1)?.lines.push(line);
    }
  }
  return parts.map(({ heading, lines }) => ({ heading, text: lines.join('\n').trim() })).filter(({ text }) => text !== '');
}
