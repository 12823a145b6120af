import { HttpError } from './errors.js';

/** Objects and arrays in one another. Requests need four. */
const MOST_NESTED = 32;

/**
 * Parses a body. Besides what JSON.parse refuses: names that could change a prototype, a name twice in one object, and deep nesting,
 * on which later steps would run out of stack. Messages hold nothing of the text.
 *
 * @throws HttpError 400
 */
export function parseBody(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const place = / at position (\d+)/.exec((error as Error).message)?.[1];
    throw notJson(`the body is not JSON${place === undefined ? '' : `: look at character ${place}`}`);
  }
  checkNames(text);
  return value;
}

/** Walks over text that is known to be JSON. */
function checkNames(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '{' || character === '[') {
      if (open.length === MOST_NESTED) throw notJson(`the body has more than ${MOST_NESTED} objects or arrays in one another`);
      open.push(character === '{' ? new Set() : undefined);
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(text, i);
      const names = open.at(-1);
      if (names && followedByColon(text, end)) addName(names, JSON.parse(text.slice(i, end + 1)) as string);
      i = end;
    }
  }
}

function addName(names: Set<string>, name: string): void {
  if (name === '__proto__') throw notJson('the body has an object with the name __proto__');
  if (names.has(name)) throw notJson('the body has an object with one name twice');
  names.add(name);
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
  }
}

function followedByColon(text: string, end: number): boolean {
  let i = end + 1;
  while (' \t\r\n'.includes(text[i] ?? '.')) i++;
  return text[i] === ':';
}

function notJson(message: string): HttpError {
  return new HttpError(400, 'INPUT_NOT_JSON', message);
}
