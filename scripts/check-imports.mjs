// @ts-check
/** Holds imports within src/ to one direction: see "Layout" in CONTRIBUTING.md. Exits 1 and names each import that goes against it. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const families = ['listwise', 'pairwise', 'similarity'];
const surfaces = ['cli', 'server', 'adapters', 'mcp', 'eval', 'bulk'];
/** Files in src/ that families and engine build on. */
const ground = ['types', 'errors', 'family', 'vectors', 'texts', 'batches', 'turns', 'lexical', 'abortable'];
const core = [...ground, 'files', 'engine', ...families];

/**
 * What a folder, or a file in src/ itself, may import besides its own folder. Files in src/ that are not named: core, and each other.
 * @type {Record<string, string[]>}
 */
const allowed = {
  types: ['errors'],
  errors: ['types'],
  vectors: [],
  batches: ['family', 'turns'],
  texts: ['family', 'turns'],
  turns: [],
  lexical: ['types', 'errors', 'turns'],
  family: ['types', 'errors'],
  files: ['types', 'errors'],
  engine: [...ground, 'files'],
  ...Object.fromEntries(families.map((family) => [family, ground])),
  models: core,
  cascade: ['types', 'errors', 'checks', 'options', 'deadline', 'usage', 'abortable'],
  ...Object.fromEntries(surfaces.map((surface) => [surface, ['index', 'abortable']])),
  mcp: ['index', 'adapters'],
  abortable: [],
  eval: ['index', 'lexical'],
  bulk: ['index', 'abortable', 'eval'],
  cli: ['index', 'server', 'eval', 'mcp', 'bulk'],
};
/** @type {Record<string, string[]>} */
const allowedTypes = Object.fromEntries(families.map((family) => [family, ['engine']]));

/** @param {string} path relative to src */
const partOf = (path) => path.split('/')[0]?.replace(/\.ts$/, '') ?? '';

/**
 * @param {string} file
 * @param {string} text
 */
function importsOf(file, text) {
  /** @type {{ specifier: string, typeOnly: boolean, line: number }[]} */
  const found = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  /** @param {ts.Node} node */
  const visit = (node) => {
    /** @type {[ts.Node | undefined, boolean | undefined]} */
    let [name, typeOnly] = [undefined, false];
    if (ts.isImportDeclaration(node)) [name, typeOnly] = [node.moduleSpecifier, node.importClause?.isTypeOnly];
    else if (ts.isExportDeclaration(node)) [name, typeOnly] = [node.moduleSpecifier, node.isTypeOnly];
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) [name, typeOnly] = [node.argument.literal, true];
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) name = node.arguments[0];
    if (name && ts.isStringLiteral(name)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push({ specifier: name.text, typeOnly: typeOnly ?? false, line });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * @param {string} from
 * @param {string} to
 * @param {boolean} typeOnly
 */
function mayImport(from, to, typeOnly) {
  const [a, b] = [partOf(from), partOf(to)];
  if (a === b) return true;
  const list = allowed[a] ?? [
    ...core,
    'models',
    ...(a === 'index' ? ['eval'] : []),
    ...(a === 'reranker' ? ['isolate', 'cascade'] : []),
  ];
  const sibling = !allowed[a] && !to.includes('/') && b !== 'index';
  return sibling || list.includes(b) || (typeOnly && (allowedTypes[a]?.includes(b) ?? false));
}

/**
 * @param {Map<string, string[]>} graph
 * @returns {string[][]} one cycle for each import that closes one
 */
function cyclesOf(graph) {
  /** @type {string[][]} */
  const cycles = [];
  const done = new Set();
  /**
   * @param {string} file
   * @param {string[]} path
   */
  const walk = (file, path) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file]);
    if (path.includes(file) || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return cycles;
}

/**
 * @param {string} root the folder that stands for src/
 * @returns {string[]} problems
 */
export function checkImports(root) {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
  const sources = files.filter((file) => file.endsWith('.ts')).sort();
  /** @type {string[]} */
  const problems = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const file of sources) {
    if (/^utils?\.ts$/.test(basename(file))) problems.push(`${file}: name the job, not "utils"`);
    /** @type {string[]} */
    const targets = [];
    graph.set(file, targets);
    for (const { specifier, typeOnly, line } of importsOf(file, readFileSync(join(root, file), 'utf8'))) {
      const where = `${file}:${line}: ${specifier}`;
      if (!/^[./#]/.test(specifier) && !/^llama-rerank(\/|$)/.test(specifier)) continue;
      const target = posix.join(posix.dirname(file), specifier.replace(/\.js$/, '.ts'));
      if (!/^\.\.?\/.*\.js$/.test(specifier)) problems.push(`${where} is not a relative path that ends in .js`);
      else if (target.startsWith('../')) problems.push(`${where} is outside src`);
      else if (!existsSync(join(root, target))) problems.push(`${where} does not exist`);
      else {
        targets.push(target);
        if (!mayImport(file, target, typeOnly)) {
          problems.push(
            `${where} goes against the direction: ${partOf(file)} may not import ${typeOnly ? 'types of ' : ''}${partOf(target)}`,
          );
        }
      }
    }
  }
  return [...problems, ...cyclesOf(graph).map((cycle) => `cycle: ${cycle.join(' -> ')}`)];
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const problems = checkImports(process.argv[2] ?? join(dirname(dirname(fileURLToPath(import.meta.url))), 'src'));
  for (const problem of problems) console.error(problem);
  process.exit(problems.length > 0 ? 1 : 0);
}
