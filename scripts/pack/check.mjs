// @ts-check
/** What must hold of a package before it is published. Each check looks at an unpacked package and gives problems, none if all is well. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { newestVersions, systemOf } from './binary.mjs';
import { platforms, readManifest } from './platforms.mjs';

/** What Red Hat Enterprise Linux 8 has, on which the addon is compiled. libstdc++ is linked into it. */
const OLDEST = { GLIBC: '2.28', GLIBCXX: undefined, CXXABI: undefined };
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** @param {string} folder */
export function filesIn(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => lstatSync(join(folder, name)).isFile());
  return files.map((file) => file.replaceAll('\\', '/')).sort();
}

/**
 * Files that a target of `exports` or `bin` names, under whatever conditions.
 * @param {unknown} target
 * @returns {string[]}
 */
const targetsOf = (target) =>
  typeof target === 'string' ? [target] : Object.values(/** @type {object} */ (target ?? {})).flatMap(targetsOf);

/** @param {string} folder */
function checkManifest(folder) {
  const { scripts = {}, dependencies, exports, bin = {}, private: hidden } = readManifest(folder);
  const problems = [];
  if (hidden) problems.push('package.json says private');
  for (const name of Object.keys(scripts))
    problems.push(`package.json has a script, ${name}: nothing may run while it is installed`);
  for (const [name, version] of Object.entries(dependencies ?? {}))
    if (!/^[~^]?\d/.test(version)) problems.push(`dependency ${name} is ${version}, which is not from the registry`);
  for (const target of targetsOf({ exports, bin }))
    if (!existsSync(join(folder, target))) problems.push(`package.json names ${target}, which is not in the package`);
  for (const target of Object.values(bin))
    if (existsSync(join(folder, target)) && !readFileSync(join(folder, target), 'utf8').startsWith('#!/usr/bin/env node\n'))
      problems.push(`${target} does not begin with #!/usr/bin/env node`);
  return problems;
}

const MAIN_FILES = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/(?!.*\.tsbuildinfo$).*\.(js|d\.ts)$/,
  /^dist\/mcp\/sdk\.LICENSES\.txt$/,
  /^dist\/server\/page\/.*\.(html|css|js|json|svg|png|ico|woff2)$/,
  /^gguf\/.*(\.gguf|\.json|README\.md|LICENSE[\w-]*)$/,
];

/**
 * The main package: contents, exports, dependencies.
 * @param {string} folder
 */
export function checkMain(folder) {
  const manifest = readManifest(folder);
  const { version, optionalDependencies = {}, gypfile } = manifest;
  const problems = checkManifest(folder);
  const files = filesIn(folder);
  for (const file of files) {
    if (!MAIN_FILES.some((pattern) => pattern.test(file)) || /(^|\/)test\/|\.test\./.test(file))
      problems.push(`${file} does not belong into the package`);
  }
  if (!files.some((file) => /^gguf\/.*\.gguf$/.test(file))) problems.push('the starter model is missing');
  if (gypfile !== false) problems.push('gypfile is not false, so that npm may compile');
  const expected = Object.keys(platforms).map((platform) => [`@llama-rerank/${platform}`, version]);
  if (JSON.stringify(Object.entries(optionalDependencies).sort()) !== JSON.stringify(expected.sort()))
    problems.push(`optionalDependencies are not every platform at ${version}: ${JSON.stringify(optionalDependencies)}`);
  const declared = new Set(
    [manifest.dependencies, manifest.peerDependencies, optionalDependencies].flatMap((each) => Object.keys(each ?? {})),
  );
  for (const file of files.filter((each) => /^dist\/.*\.(js|d\.ts)$/.test(each)))
    problems.push(...checkModule(folder, file, declared));
  return problems;
}

/**
 * @param {string} folder
 * @param {string} file
 * @param {Set<string>} declared packages that may be imported
 */
function checkModule(folder, file, declared) {
  const text = readFileSync(join(folder, file), 'utf8');
  const problems = [];
  const map = /\/\/# sourceMappingURL=(\S+)/.exec(text)?.[1];
  if (map) problems.push(`${file} names a source map, ${map}`);
  if (file.startsWith('dist/server/page/')) return problems;
  for (const { fileName } of ts.preProcessFile(text).importedFiles) {
    if (fileName.startsWith('.')) {
      if (!existsSync(join(folder, dirname(file), fileName)))
        problems.push(`${file} imports ${fileName}, which is not in the package`);
      continue;
    }
    const imported = /^(@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? '';
    if (!fileName.startsWith('node:') && !builtinModules.includes(imported) && !declared.has(imported))
      problems.push(`${file} imports ${imported}, which is no dependency`);
  }
  return problems;
}

/**
 * A platform package.
 * @param {string} folder
 * @param {{ release: boolean }} options `release`: the addon must run on old systems
 */
export function checkPlatform(folder, { release }) {
  const { name, version, os, cpu, libc, dependencies, exports } = readManifest(folder);
  const problems = checkManifest(folder);
  const platform = name.replace('@llama-rerank/', '');
  const known = platforms[platform];
  if (!known) return [...problems, `${name} is not in packages/platforms.json`];
  const files = filesIn(folder).join(' ');
  if (files !== 'LICENSE README.md llama_rerank.node package.json') problems.push(`it holds ${files}`);
  const where = [os, cpu, libc ?? []].flat().join('-');
  if (where !== [platform, ...(known.libc ? [known.libc] : [])].join('-')) problems.push(`os, cpu and libc say ${where}`);
  if (!EXACT.test(version)) problems.push(`its version is ${version}`);
  const [llama, ...more] = Object.entries(dependencies ?? {});
  if (more.length > 0 || llama?.[0] !== `@node-llama-cpp/${known.llama}` || !EXACT.test(llama[1]))
    problems.push(`its dependency is not @node-llama-cpp/${known.llama} at one version: ${JSON.stringify(dependencies)}`);
  for (const path of ['./llama_rerank.node', './package.json'])
    if (exports?.[path] !== path) problems.push(`exports do not let ${path} be found`);
  if (!existsSync(join(folder, 'llama_rerank.node'))) return [...problems, 'the addon is missing'];
  return [...problems, ...checkAddon(readFileSync(join(folder, 'llama_rerank.node')), platform, release)];
}

/**
 * @param {Buffer} addon
 * @param {string} platform
 * @param {boolean} release
 */
function checkAddon(addon, platform, release) {
  const problems = [];
  const system = systemOf(addon);
  if (system !== platform) problems.push(`the addon is for ${system}`);
  if (!release || !platform.startsWith('linux')) return problems;
  const versions = newestVersions(addon);
  for (const [library, oldest] of Object.entries(OLDEST)) {
    const needed = versions[library];
    if (needed && (oldest === undefined || needed.localeCompare(oldest, 'en', { numeric: true }) > 0))
      problems.push(
        `the addon needs ${library}_${needed}; ${oldest ? `at most ${library}_${oldest} is allowed` : 'link it statically'}`,
      );
  }
  return problems;
}
