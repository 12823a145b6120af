import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import pkg from '../../package.json' with { type: 'json' };
import { type Block, placeOf, root } from './markdown.js';

const here = join(root, 'test/docs');
const PRELUDE = "import { query, documents, tickets, type Ticket, reranker, request } from './prelude.js';";

/** A line of what is compiled, and where it was written. */
interface Line {
  text: string;
  place: string;
}

/** What stands before the blocks of a page: their imports, those of names once each, and what they declare. */
class Beginning {
  readonly #named = new Map<string, Map<string, string>>();
  readonly #others = new Map<string, string>();
  readonly #declared: Line[] = [];
  readonly names = new Set<string>();

  /** `declare function search(...)` stands for something of the reader's, and is no statement of a block. */
  declare(text: string, place: string): void {
    this.#declared.push({ text: text.replace(/\s*\n\s*/g, ' '), place });
  }

  add(declaration: ts.ImportDeclaration, source: ts.SourceFile, place: string): void {
    const from = declaration.moduleSpecifier.getText(source);
    const { name, namedBindings } = declaration.importClause ?? {};
    if (name || !namedBindings || !ts.isNamedImports(namedBindings)) {
      this.#others.set(declaration.getText(source), place);
      if (name) this.names.add(name.text);
      return;
    }
    const named = this.#named.get(from) ?? new Map<string, string>();
    const type = declaration.importClause?.isTypeOnly ? 'type ' : '';
    for (const element of namedBindings.elements) {
      named.set(type + element.getText(source), place);
      this.names.add(element.name.text);
    }
    this.#named.set(from, named);
  }

  lines(): Line[] {
    const named = [...this.#named].flatMap(([from, names]) =>
      [...names].map(([name, place]) => ({ text: `import { ${name} } from ${from};`, place })),
    );
    return [...named, ...[...this.#others].map(([text, place]) => ({ text, place })), ...this.#declared];
  }
}

/** The lines of a block without its imports, which are added to `imports`. */
function linesOf(block: Block, imports: Beginning): Line[] {
  const source = ts.createSourceFile('block.ts', block.code, ts.ScriptTarget.ESNext, true);
  const placeAt = (line: number) => placeOf({ file: block.file, line: block.line + 1 + line });
  let { code } = block;
  for (const statement of source.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    const declares = modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) ?? false;
    if (!declares && !ts.isImportDeclaration(statement)) continue;
    const [start, end] = [statement.getStart(source), statement.end];
    const place = placeAt(source.getLineAndCharacterOfPosition(start).line);
    if (ts.isImportDeclaration(statement)) imports.add(statement, source, place);
    else imports.declare(statement.getText(source), place);
    code = code.slice(0, start) + code.slice(start, end).replace(/[^\n]/g, ' ') + code.slice(end);
  }
  return code.split('\n').map((text, i) => ({ text, place: placeAt(i) }));
}

/** One module of the blocks of a page. Each is a scope within the one before: it may use its names, or give them anew. */
function moduleOf(blocks: readonly Block[]): Line[] {
  const imports = new Beginning();
  const bodies = blocks.map((block) => linesOf(block, imports));
  const nested = bodies.flatMap((lines) => [{ text: '{', place: '' }, ...lines]);
  const prelude = PRELUDE.replace(/(?:type )?(\w+)(?=[, ])(?=.*\})/g, (whole, name) => (imports.names.has(name) ? '' : whole));
  return [
    { text: prelude.replace(/(, *)+(?=[,}])|(?<=\{) *(, *)+/g, ' '), place: 'test/docs/prelude.ts' },
    ...imports.lines(),
    ...nested,
    { text: '}'.repeat(bodies.length), place: '' },
    { text: 'export {};', place: '' },
  ];
}

/** The block as JavaScript that runs by itself, on the prelude alone. */
export function scriptOf(block: Block): string {
  const lines = moduleOf([block]).map(({ text }) => text);
  return toJavaScript(lines.join('\n'));
}

export function toJavaScript(source: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

/** Errors of types in blocks, each page's together, by where they are written. */
export function typeFaults(pages: readonly (readonly Block[])[]): string[] {
  const modules = new Map(pages.map((blocks, i) => [join(here, `page-${i}.ts`), moduleOf(blocks)]));
  const options = settings();
  const host = ts.createCompilerHost(options, true);
  const { fileExists, readFile, getSourceFile } = host;
  const textOf = (file: string) =>
    modules
      .get(resolve(file))
      ?.map(({ text }) => text)
      .join('\n');
  host.fileExists = (file) => modules.has(resolve(file)) || fileExists.call(host, file);
  host.readFile = (file) => textOf(file) ?? readFile.call(host, file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = textOf(file);
    return text === undefined
      ? getSourceFile.call(host, file, language, ...rest)
      : ts.createSourceFile(file, text, language, true);
  };
  const program = ts.createProgram([join(here, 'modules.d.ts'), ...modules.keys()], options, host);
  return [...modules].flatMap(([name, lines]) => {
    const file = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ messageText, start }) => {
      const line = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
      return `${lines[line]?.place}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

/** Those of the repository; the package itself is src/, so that nothing has to be built. */
function settings(): ts.CompilerOptions {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, files: [], include: [] }, ts.sys, root);
  return { ...options, paths: entryPoints(), verbatimModuleSyntax: false, allowImportingTsExtensions: false };
}

function entryPoints(): Record<string, string[]> {
  const entries = Object.entries(pkg.exports as Record<string, unknown>).flatMap(([path, target]) => {
    const types = String((target as { types?: string }).types ?? '');
    const source = join(root, types.replace(/^\.\/dist\/(.*)\.d\.ts$/, 'src/$1.ts'));
    return source.endsWith('.ts') && existsSync(source) && dirname(source) !== root
      ? [[pkg.name + path.slice(1), [source]] as [string, string[]]]
      : [];
  });
  return Object.fromEntries(entries);
}
