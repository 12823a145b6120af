import { expect, test } from 'vitest';
import { adviseOnLoading, type Situation } from '../../src/engine/advice.js';

const NAME = '@llama-rerank/linux-x64';
const FILE = '/app/node_modules/@llama-rerank/linux-x64/llama_rerank.node';
const LINUX: Situation = {
  overridden: false,
  published: true,
  platform: 'linux-x64',
  libc: { family: 'glibc', version: '2.36' },
};
const MUSL: Situation = { ...LINUX, libc: { family: 'musl', version: undefined } };
const MAC: Situation = { ...LINUX, platform: 'darwin-arm64', libc: undefined };
const WINDOWS: Situation = { ...LINUX, platform: 'win32-x64', libc: undefined };
const MISSING = `Cannot find module '${NAME}/llama_rerank.node'`;
const REINSTALL = /another system or processor.*delete node_modules/;

/** What the loaders of Linux, macOS and Windows say, and what has to be understood of it. */
test.each([
  [
    'a package that was left out',
    LINUX,
    MISSING,
    /npm install --include=optional.*--no-optional.*--os=linux --cpu=x64 --libc=glibc$/,
  ],
  ['the same on macOS', MAC, MISSING, /--os=darwin --cpu=arm64$/],
  ['no such platform', { ...LINUX, published: false, platform: 'freebsd-x64' }, MISSING, /no ready-built addon for freebsd-x64/],
  ['musl', MUSL, MISSING, /musl.*node:22-slim.*scripts\/build-llama\.mjs/],
  ['glibc files on musl', MUSL, 'Error loading shared library ld-linux-x86-64.so.2: No such file (needed by x)', /musl/],
  [
    'an old glibc',
    LINUX,
    `/lib/libc.so.6: version \`GLIBC_2.34' not found (required by ${FILE})`,
    /older than the file was built for/,
  ],
  [
    'musl files on glibc',
    LINUX,
    'libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory',
    /another C library/,
  ],
  ['a library of the system', LINUX, 'libstdc++.so.6: cannot open shared object file: No such file or directory', /libstdc\+\+6/],
  ['another processor', LINUX, `${FILE}: cannot open shared object file: No such file or directory`, REINSTALL],
  ['another system', LINUX, `${FILE}: invalid ELF header`, REINSTALL],
  [
    'another processor on macOS',
    MAC,
    `dlopen(${FILE}, 0x0001): tried: '${FILE}' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))`,
    REINSTALL,
  ],
  [
    'another processor on Windows',
    WINDOWS,
    String.raw`\\?\C:\app\llama_rerank.node is not a valid Win32 application.`,
    REINSTALL,
  ],
  [
    'an unsigned library',
    MAC,
    `dlopen(${FILE}): code signature in <1> '${FILE}' not valid for use in process: mapping process and mapped file (non-platform) have different Team IDs`,
    /not signed like the program/,
  ],
  ['no addon', LINUX, `Module did not self-register: '${FILE}'.`, /is no addon for this program/],
  [
    'a missing DLL',
    WINDOWS,
    String.raw`The specified module could not be found. \\?\C:\app\llama_rerank.node`,
    /Visual C\+\+ Redistributable/,
  ],
  ['an archive of Electron', MAC, `dlopen(/App.app/Contents/Resources/app.asar/node_modules/x.node): not a file`, /asarUnpack/],
  ['an override', { ...LINUX, overridden: true }, `${FILE}: invalid ELF header`, /^Check LLAMA_RERANK_ADDON$/],
] as [string, Situation, string, RegExp][])('N08: %s', (_, situation, reason, expected) => {
  const checkout = { name: '/app.asar/build/Release/x.node', reason: "Cannot find module '/app.asar/build/Release/x.node'" };
  const advice = adviseOnLoading([checkout, { name: NAME, reason }], situation);
  expect(advice).toMatch(expected);
  expect(advice).not.toMatch(/\.$/);
});
