// @ts-check
/** What the header and the strings of a compiled library tell. */

/** @type {Record<number, string>} */
const ELF = { 62: 'x64', 183: 'arm64' };
/** @type {Record<number, string>} */
const MACH_O = { 16777223: 'x64', 16777228: 'arm64' };
/** @type {Record<number, string>} */
const PE = { 34404: 'x64', 43620: 'arm64' };

/**
 * @param {Buffer} file
 * @returns {string} `linux-x64`, `darwin-arm64`, ...; `unknown` for anything else
 */
export function systemOf(file) {
  if (file.length < 64) return 'unknown';
  if (file.readUInt32BE(0) === 0x7f454c46) return `linux-${ELF[file.readUInt16LE(18)] ?? 'unknown'}`;
  if (file.readUInt32LE(0) === 0xfeedfacf) return `darwin-${MACH_O[file.readUInt32LE(4)] ?? 'unknown'}`;
  const header = file.readUInt32LE(60);
  if (file.toString('latin1', 0, 2) === 'MZ' && header + 6 <= file.length)
    return `win32-${PE[file.readUInt16LE(header + 4)] ?? 'unknown'}`;
  return 'unknown';
}

/**
 * The newest version of each symbol set (GLIBC, GLIBCXX, CXXABI) that a library of Linux needs. Their names are strings in it.
 * @param {Buffer} file
 * @returns {Record<string, string>}
 */
export function newestVersions(file) {
  /** @type {Record<string, string>} */
  const newest = {};
  for (const [, set = '', version = ''] of file.toString('latin1').matchAll(/\b(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)+)\0/g)) {
    const before = newest[set];
    if (before === undefined || before.localeCompare(version, 'en', { numeric: true }) < 0) newest[set] = version;
  }
  return newest;
}
