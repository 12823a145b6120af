import { InputError } from './exit.js';
import { findJsonError } from './json-error.js';

export interface InputDocument {
  /** The file's path, or the record's own id. */
  id?: string | number;
  text: string;
}

/**
 * Makes a document of one line of JSON Lines. The line's `id`, if it is a string or a number, becomes the document's.
 *
 * @param place `file:line`, for errors.
 */
export function parseRecord(line: string, field: string, place: string): InputDocument {
  const record = parse(line, place);
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new InputError(`${place}:1: expected an object such as {"${field}": "..."}, found ${kindOf(record)}`);
  }
  const text = valueAt(record, field);
  if (typeof text !== 'string') {
    const found = text === undefined ? `has no field "${field}"` : `has ${kindOf(text)} in field "${field}", not a string`;
    throw new InputError(`${place}:1: the object ${found}; its fields: ${fieldsOf(record)} (--field chooses)`);
  }
  const id = valueAt(record, 'id');
  return typeof id === 'string' || typeof id === 'number' ? { id, text } : { text };
}

function parse(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const error = findJsonError(line);
    if (error === undefined) throw new InputError(`${place}:1: not JSON: ${(cause as Error).message}`, { cause });
    const column = [...line.slice(0, error.offset)].length + 1;
    throw new InputError(`${place}:${column}: not JSON: expected ${error.expected}, but ${foundAt(line, error.offset)}`, {
      cause,
    });
  }
}

function foundAt(line: string, offset: number): string {
  const character = line.codePointAt(offset);
  if (character === undefined) return 'the line ends';
  if (character === 0x22) return 'found a string that is not closed, or that holds a control character or an unknown escape';
  return `found ${JSON.stringify(String.fromCodePoint(character))}`;
}

function valueAt(record: object, path: string): unknown {
  if (Object.hasOwn(record, path)) return record[path as keyof typeof record];
  let value: unknown = record;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = value[name as keyof typeof value];
  }
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function fieldsOf(record: object): string {
  const names = Object.keys(record);
  return names.length === 0 ? 'none' : `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}`;
}
