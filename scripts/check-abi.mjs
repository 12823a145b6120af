// @ts-check
/**
 * Structs cross to llama.cpp by value and functions are resolved by name, so one addon serves several releases only while all that
 * it uses is declared alike in each. Compares the header sets native/llama.cpp/v*, and those of each `--headers DIR`.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readHeaders } from './c-headers/declarations.mjs';

/** @import { Declaration } from './c-headers/declarations.mjs' */

/**
 * The functions listed in functions.h, and whatever else of llama.cpp the sources mention.
 * @param {string} native the folder with functions.h
 */
export function usedNames(native) {
  const list = readFileSync(join(native, 'functions.h'), 'utf8').replace(/#define X\(.*/g, '');
  const functions = [...list.matchAll(/\bX\((\w+)\)/g)].map((match) => `${match[1]}()`);
  const sources = readdirSync(native).filter((name) => /\.(cc|h)$/.test(name));
  const text = sources.map((name) => readFileSync(join(native, name), 'utf8').replace(/\/\/.*/g, '')).join('\n');
  return { functions, mentioned: [...new Set(text.match(/\b(?:llama|ggml|gguf|LLAMA|GGML|GGUF)_\w+/g))] };
}

/**
 * Every declaration that these names lead to.
 * @param {Map<string, Declaration>} headers
 * @param {Iterable<string>} names
 * @param {Map<string, Declaration>} [found]
 */
function reach(headers, names, found = new Map()) {
  for (const name of names) {
    const declaration = headers.get(name);
    if (!declaration || found.has(declaration.name)) continue;
    found.set(declaration.name, declaration);
    reach(headers, declaration.identifiers, found);
  }
  return found;
}

/**
 * @param {ReturnType<typeof usedNames>} used
 * @param {string[]} folders header sets; each is compared with the first
 * @returns {string[]} differences
 */
export function compareHeaders(used, folders) {
  const sets = folders.map((folder) => ({ label: basename(folder), headers: readHeaders(folder) }));
  const problems = sets.flatMap(({ label, headers }) =>
    used.functions.filter((name) => !headers.has(name)).map((name) => `${name} is not declared in ${label}`),
  );
  const [first, ...others] = sets;
  if (!first) throw new Error('no header sets');
  const names = [...used.functions, ...used.mentioned];
  for (const other of others) {
    const [before, after] = [reach(first.headers, names), reach(other.headers, names)];
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const [a, b] = [before.get(name), after.get(name)];
      if (name.endsWith('()') && !(a && b)) continue;
      const difference = differenceOf(a?.lines ?? [], b?.lines ?? []);
      if (difference) {
        problems.push(`${(a ?? b)?.kind} ${name} differs between ${first.label} (-) and ${other.label} (+)\n${difference}`);
      }
    }
  }
  return [...new Set(problems)];
}

/**
 * @param {string[]} a
 * @param {string[]} b
 */
function differenceOf(a, b) {
  if (a.join('\n') === b.join('\n')) return '';
  const only = [
    ...a.filter((line) => !b.includes(line)).map((line) => `  - ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `  + ${line}`),
  ];
  if (only.length > 0) return only.join('\n');
  const at = a.findIndex((line, i) => line !== b[i]);
  return `  the same, in another order; at place ${at + 1}:\n  - ${a[at] ?? '(none)'}\n  + ${b[at] ?? '(none)'}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const { values } = parseArgs({ options: { headers: { type: 'string', multiple: true, default: [] } } });
  const native = join(dirname(dirname(fileURLToPath(import.meta.url))), 'native');
  const vendored = readdirSync(join(native, 'llama.cpp'))
    .filter((name) => /^v\d/.test(name))
    .sort();
  const folders = [...vendored.map((name) => join(native, 'llama.cpp', name)), ...values.headers];
  const used = usedNames(native);
  const problems = compareHeaders(used, folders);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.log(
    `${used.functions.length} functions and all they lead to are declared alike in ${folders.map((folder) => basename(folder)).join(', ')}`,
  );
}
