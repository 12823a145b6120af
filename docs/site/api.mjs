// @ts-check
/** Writes the API's pages from the docstrings of everything that package.json exports, to build/site/api. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, DeclarationReflection, ParameterReflection, ReferenceType, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * The source of each entry point, by the name to import it with.
 * @returns {Map<string, string>}
 */
function entryPoints() {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** @type {[string, unknown][]} */
  const all = Object.entries(exports);
  return new Map(
    all.flatMap(([path, target]) => {
      const types = typeof target === 'object' && target !== null && 'types' in target ? String(target.types) : '';
      const source = types.replace(/^\.\/dist\/(.*)\.d\.ts$/, 'src/$1.ts');
      return source === types ? [] : [[name + path.slice(1), source]];
    }),
  );
}

/**
 * By what they are imported as, not by their file.
 * @param {import('typedoc').ProjectReflection} project
 * @param {Map<string, string>} entries
 */
function nameModules(project, entries) {
  for (const [name, file] of entries) {
    const stem = file.replace(/^src\/|\.ts$/g, '');
    const module = project
      .getChildrenByKind(ReflectionKind.Module)
      .find((one) => [stem, stem.replace(/\/index$/, '')].includes(one.name));
    if (module) module.name = name;
  }
}

/**
 * TypeScript forgets the name of this union and would list forty codes wherever one is meant.
 * @param {import('typedoc').ProjectReflection} project
 */
function nameErrorCodes(project) {
  const all = Object.values(project.reflections);
  const named = all.find((one) => one.name === 'ErrorCode' && one.kind === ReflectionKind.TypeAlias);
  for (const one of all) {
    if (one === named || !(one instanceof DeclarationReflection || one instanceof ParameterReflection)) continue;
    if (one.type?.type === 'union' && one.type.types.length > 30 && named instanceof DeclarationReflection)
      one.type = ReferenceType.createResolvedReference('ErrorCode', named, project);
  }
}

/** @returns {Promise<boolean>} false when a docstring links to what is not there, or a file does not compile */
export async function writeApi() {
  const entries = entryPoints();
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: [...entries.values()].map((file) => join(root, file)),
    tsconfig: join(root, 'tsconfig.build.json'),
    basePath: join(root, 'src'),
    outputs: [{ name: 'markdown', path: join(root, 'build/site/api') }],
    name: 'API',
    readme: 'none',
    disableSources: true,
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    sort: ['source-order'],
    groupOrder: ['Classes', 'Functions', 'Interfaces', 'Type Aliases', 'Variables'],
    logLevel: 'Warn',
    treatValidationWarningsAsErrors: true,
    // What is exported mentions types that are not: they are no part of the API.
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    // Options of the plug-in.
    ...{
      outputFileStrategy: 'modules',
      entryFileName: 'index',
      hidePageHeader: true,
      hideBreadcrumbs: true,
      useCodeBlocks: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      typeAliasPropertiesFormat: 'table',
      tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true, hideModifiers: true },
    },
  });
  app.converter.on('resolveBegin', ({ project }) => {
    nameModules(project, entries);
    nameErrorCodes(project);
  });
  // Which interface a method is of, and what it replaces, are told by the class itself.
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents
      ?.replace(/^#+ (Implementation of|Overrides|Implements|Extends)\n\n.*\n\n?/gm, '')
      .replace(/^#+ Type Parameters\n\n\| Type Parameter \|\n.*\n(\|.*\|\n)+\n?/gm, '');
  });
  const project = await app.convert();
  if (!project) return false;
  app.validate(project);
  await app.generateOutputs(project);
  return !app.logger.hasErrors() && !app.logger.hasWarnings();
}
