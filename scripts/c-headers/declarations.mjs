// @ts-check
/** Reads the declarations of C headers, as far as llama.cpp's need it: no macro is expanded, both branches of a condition count. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from './constants.mjs';
import { isName, noise, split, statementsOf } from './statements.mjs';

/**
 * A declaration as comparable lines (members of a struct, parameters of a function, members of an enum with their values) and the
 * identifiers that lead on from it.
 * @typedef {{ name: string, kind: 'function' | 'struct' | 'enum' | 'typedef' | 'macro', lines: string[], identifiers: string[] }} Declaration
 */

/**
 * @param {string} folder all headers in it are one set
 * @returns {Map<string, Declaration>} by name; enum members answer with their enum
 */
export function readHeaders(folder) {
  /** @type {Map<string, Declaration>} */
  const all = new Map();
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.h'))
    .sort();
  if (files.length === 0) throw new Error(`no headers in ${folder}`);
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8')
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ' ')
      .replace(/\\\r?\n/g, ' ');
    for (const [, name, value] of text.matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(\S.*?)[ \t]*$/gm)) {
      if (name && value && !noise.has(name)) addMacro(all, name, value);
    }
    for (const statement of statementsOf(text.replace(/^[ \t]*#.*$/gm, ' '))) addStatement(all, statement);
  }
  return all;
}

/**
 * @param {Map<string, Declaration>} all
 * @param {string} name
 * @param {string} value
 */
function addMacro(all, name, value) {
  const before = all.get(name);
  const identifiers = value.match(/[A-Za-z_]\w*/g) ?? [];
  if (before) before.lines.push(value);
  else all.set(name, { name, kind: 'macro', lines: [value], identifiers });
}

/**
 * @param {Map<string, Declaration>} all
 * @param {string[]} tokens
 */
function addStatement(all, tokens) {
  const open = tokens.indexOf('{');
  const call = tokens.indexOf('(');
  if (open >= 0 && tokens.slice(0, open).some((token) => /^(struct|enum|union)$/.test(token))) addAggregate(all, tokens, open);
  else if (tokens[0] === 'typedef') {
    const pointer = tokens.findIndex((token, i) => token === '(' && tokens[i + 1] === '*');
    const name = (pointer >= 0 ? tokens[pointer + 2] : tokens.findLast(isName)) ?? '';
    // `typedef struct x x;` adds nothing to the struct.
    if (tokens.filter((token) => token === name).length > 1) return;
    all.set(name, { name, kind: 'typedef', lines: [tokens.join(' ')], identifiers: tokens.filter(isName) });
  } else if (call > 0 && !tokens.slice(0, call).includes('=')) {
    // A function and an enum may share a name: ggml_backend_dev_type.
    const name = `${tokens[call - 1]}()`;
    const parameters = split(tokens.slice(call + 1, tokens.lastIndexOf(')')), ',');
    const lines = [`returns ${tokens.slice(0, call - 1).join(' ')}`, ...parameters];
    all.set(name, { name, kind: 'function', lines, identifiers: tokens.filter(isName) });
  }
}

/**
 * @param {Map<string, Declaration>} all
 * @param {string[]} tokens
 * @param {number} open
 */
function addAggregate(all, tokens, open) {
  const close = tokens.lastIndexOf('}');
  const [keyword = '', tag = ''] = tokens.slice(tokens[0] === 'typedef' ? 1 : 0, open);
  const body = tokens.slice(open + 1, close);
  const isEnum = keyword === 'enum';
  const lines = isEnum ? enumLines(all, body) : split(body, ';');
  const members = isEnum ? lines.map((line) => line.split(' ')[0] ?? '') : [];
  const names = [tag, ...tokens.slice(close + 1), ...members].filter(isName);
  /** @type {Declaration} */
  const declaration = {
    name: names[0] ?? '',
    kind: isEnum ? 'enum' : 'struct',
    lines,
    identifiers: isEnum ? [] : body.filter(isName),
  };
  for (const name of names) all.set(name, declaration);
}

/**
 * @param {Map<string, Declaration>} all
 * @param {string[]} body
 */
function enumLines(all, body) {
  /** @type {Map<string, number>} */
  const values = new Map();
  let next = 0;
  for (const member of split(body, ',')) {
    const [name = '', ...expression] = member.split(' ');
    next = expression.length > 1 ? evaluate(expression.slice(1), (other) => values.get(other) ?? constant(all, other)) : next;
    values.set(name, next++);
  }
  return [...values].map(([name, value]) => `${name} = ${value}`);
}

/**
 * @param {Map<string, Declaration>} all
 * @param {string} name
 */
function constant(all, name) {
  const { kind, lines = [] } = all.get(name) ?? {};
  const text = kind === 'enum' ? lines.find((line) => line.startsWith(`${name} = `))?.split(' = ')[1] : lines[0];
  if (text === undefined || Number.isNaN(Number(text))) throw new Error(`the value of ${name} cannot be read`);
  return Number(text);
}
