// @ts-check
/** Writes the table of known models in docs/choosing.md from gguf/catalog.json, so that it cannot drift. `npm test` compares them. */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PAGE = fileURLToPath(new URL('../docs/choosing.md', import.meta.url));
const CATALOG = new URL('../gguf/catalog.json', import.meta.url);
const PLACE = /(<!-- models: node scripts\/model-table\.mjs -->\n).*?(\n<!-- end of models -->)/s;

/** @typedef {{ name: string, family: string, languages: 'many' | string[], quantization: string, supported: boolean, licence: { id: string, commercial: boolean }, limits?: { query: number, document: number }, files: Record<string, { size?: number }> }} Model */

/**
 * The page with the table as it should be.
 * @param {string} page
 */
export function withTable(page) {
  /** @type {{ models: Model[] }} */
  const { models } = JSON.parse(readFileSync(CATALOG, 'utf8'));
  const rows = models.filter(({ supported }) => supported).map(row);
  const table = [
    '| name | family | languages | licence | commercial use | default file | smallest file |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  if (!PLACE.test(page)) throw new Error(`docs/choosing.md: expected the place of the table, ${PLACE.source}`);
  return page.replace(PLACE, `$1\n${table}\n$2`);
}

/** @param {Model} model */
function row({ name, family, languages, licence, files, quantization }) {
  const sizes = Object.entries(files).flatMap(([key, { size }]) => (size === undefined ? [] : [{ key, size }]));
  const smallest = sizes.reduce((least, file) => (file.size < least.size ? file : least), {
    key: '',
    size: Number.POSITIVE_INFINITY,
  });
  const cells = [
    `\`${name}\``,
    family === 'similarity' ? 'embedding' : family,
    languages === 'many' ? 'many' : languages.join(', '),
    licence.id,
    licence.commercial ? 'yes' : '**no**',
    shown({ key: quantization, size: files[quantization]?.size }),
    smallest.key === quantization || smallest.key === '' ? '' : shown(smallest),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** @param {{ key: string, size: number | undefined }} file */
function shown({ key, size }) {
  return size === undefined ? key : `${key}, ${Math.round(size / 1e6)} MB`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8')));
}
