// @ts-check
import { parseCsv } from './csv.js';

/** @typedef {'lines' | 'blocks' | 'json' | 'csv'} Format */
/** @typedef {{ text: string, name?: string }} Doc */
/**
 * @typedef {object} Parsed
 * @property {Format} format
 * @property {Doc[]} documents
 * @property {string[]} fields columns or JSON fields that can hold the text
 * @property {string} field the one that does
 * @property {number} leftOut records without text
 * @property {string} [problem] why there are no documents
 */

const LIKELY_FIELDS = ['text', 'document', 'content', 'body', 'passage', 'description'];
const NAME_FIELDS = ['id', '_id', 'name', 'title'];

/**
 * Cuts what a person typed, pasted or dropped into documents.
 * @param {string} text
 * @param {Format | 'auto'} wanted
 * @param {string} [field] where the text of a record is, if the person chose it
 * @returns {Parsed}
 */
export function parseDocuments(text, wanted, field) {
  const source = text.replace(/^\uFEFF/, '');
  const format = wanted === 'auto' ? guessFormat(source) : wanted;
  try {
    if (format === 'json') return fromRecords(format, jsonRecords(source), field);
    if (format === 'csv') return fromRecords(format, csvRecords(source), field);
    const pieces = source.split(format === 'blocks' ? /\r?\n(?:[ \t]*\r?\n)+/ : /\r?\n/);
    const documents = pieces.map((piece) => ({ text: piece.trim() })).filter((document) => document.text !== '');
    return { format, documents, fields: [], field: '', leftOut: 0 };
  } catch (error) {
    return { format, documents: [], fields: [], field: '', leftOut: 0, problem: /** @type {Error} */ (error).message };
  }
}

/**
 * CSV looks like lines of text, so it is never guessed.
 * @param {string} text
 * @returns {Format}
 */
export function guessFormat(text) {
  const trimmed = text.trim();
  const [first = ''] = trimmed.split(/\r?\n/, 1);
  if (isJson(first, '{') || isJson(trimmed, '[')) return 'json';
  return /\n[ \t]*\r?\n/.test(trimmed) ? 'blocks' : 'lines';
}

/**
 * @param {string} text
 * @param {'{' | '['} start
 */
function isJson(text, start) {
  if (!text.startsWith(start)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * JSON Lines, or one JSON array.
 * @param {string} text
 * @returns {Record<string, unknown>[]}
 */
function jsonRecords(text) {
  const trimmed = text.trim();
  if (isJson(trimmed, '[')) return JSON.parse(trimmed).map(recordOf);
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [recordOf(JSON.parse(line))];
    } catch {
      throw new Error(`line ${i + 1} is not JSON`);
    }
  });
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function recordOf(value) {
  if (typeof value === 'string') return { text: value };
  return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

/**
 * @param {string} text
 * @returns {Record<string, string>[]}
 */
function csvRecords(text) {
  const [header = [], ...rows] = parseCsv(text);
  const names = header.map((name, i) => name.trim() || `column ${i + 1}`);
  if (names.length > 0 && rows.length === 0) throw new Error('there is a header, but no row below it');
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ''])));
}

/**
 * @param {Format} format
 * @param {Record<string, unknown>[]} records
 * @param {string} [wanted]
 * @returns {Parsed}
 */
function fromRecords(format, records, wanted) {
  const fields = fieldsOf(records);
  const field = wanted && fields.includes(wanted) ? wanted : likelyField(fields, records);
  if (records.length > 0 && !field) throw new Error('no field holds text');
  const nameField = NAME_FIELDS.find((name) => name !== field && records.some((record) => nameOf(record[name])));
  const documents = records.flatMap((record) => {
    const text = record[field];
    if (typeof text !== 'string' || text.trim() === '') return [];
    const name = nameField ? nameOf(record[nameField]) : '';
    return [name ? { text, name } : { text }];
  });
  return { format, documents, fields, field, leftOut: records.length - documents.length };
}

/** @param {unknown} value */
const nameOf = (value) => (typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '');

/** @param {Record<string, unknown>[]} records */
function fieldsOf(records) {
  /** @type {Set<string>} */
  const fields = new Set();
  for (const record of records.slice(0, 100)) {
    for (const [name, value] of Object.entries(record)) if (typeof value === 'string') fields.add(name);
  }
  return [...fields];
}

/**
 * A field with a telling name, else the one with the longest texts.
 * @param {string[]} fields
 * @param {Record<string, unknown>[]} records
 */
function likelyField(fields, records) {
  const named = LIKELY_FIELDS.flatMap((name) => fields.filter((field) => field.toLowerCase() === name));
  const length = (/** @type {string} */ field) =>
    records.slice(0, 100).reduce((sum, record) => sum + String(record[field] ?? '').length, 0);
  return named[0] ?? fields.reduce((best, field) => (best && length(best) >= length(field) ? best : field), '');
}
