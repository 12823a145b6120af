import { isPacked } from '../files/asar.js';
import type { Libc } from './platform.js';

export interface Tried {
  readonly name: string;
  readonly reason: string;
}

export interface Situation {
  /** LLAMA_RERANK_ADDON was set. */
  readonly overridden: boolean;
  /** There is a package for this platform. */
  readonly published: boolean;
  readonly platform: string;
  readonly libc: Libc | undefined;
}

/** What a system's loader says, and what that means. The first that fits counts. */
const MEANINGS: [RegExp, string][] = [
  [
    /version [`'](GLIBC|GLIBCXX|CXXABI)_[\d.]+' not found/,
    'The system is older than the file was built for: use a newer one (Debian 12, Ubuntu 22.04, RHEL 9), or build from source (docs/install.md)',
  ],
  [
    /libc\.musl|ld-musl|ld-linux|Error relocating/,
    'The file was built for another C library than this system has: delete node_modules and install again here, or build from source (docs/install.md)',
  ],
  [
    /^lib[\w+.-]+: cannot open shared object file/,
    'A library of the system that it needs is missing: install it (Debian: apt-get install libstdc++6)',
  ],
  [
    /\bELF\b|not a valid Win32 application|incompatible architecture|wrong architecture|mach-o|slice is not valid|file too short|cannot open shared object file/i,
    'The file is for another system or processor, or damaged (node_modules copied from another machine, or from outside a container?): delete node_modules and install again here',
  ],
  [
    /code signature|not valid for use in process|library load disallowed|different Team ID/i,
    'macOS refuses a library that is not signed like the program: sign it together with your app (docs/install.md, Electron)',
  ],
  [
    /self-register|NODE_MODULE_VERSION|napi_\w+|specified procedure could not be found/,
    'The file is no addon for this program: Node 20.3 or newer, or Electron 28 or newer, is needed',
  ],
  [/specified module could not be found/, 'A DLL that it needs is missing: install the Microsoft Visual C++ Redistributable'],
];

/** What to do after an addon, or one of llama.cpp's libraries, did not load. One to three sentences. */
export function adviseOnLoading(tried: readonly Tried[], { overridden, published, platform, libc }: Situation): string {
  if (overridden) return 'Check LLAMA_RERANK_ADDON';
  const present = tried.filter(({ reason }) => !/^Cannot find module/.test(reason));
  if (present.some(({ name, reason }) => isPacked(name) || isPacked(reason)))
    return 'Native code cannot be opened inside an asar archive: list the packages in asarUnpack (docs/install.md, Electron)';
  if (!published) return `There is no ready-built addon for ${platform}: build it in a checkout (docs/install.md)`;
  if (libc?.family === 'musl')
    return 'This system has musl (Alpine), and what is ready built needs glibc: use an image such as node:22-slim, or build from source with scripts/build-native.mjs and scripts/build-llama.mjs (docs/install.md)';
  for (const [pattern, meaning] of MEANINGS) if (present.some(({ reason }) => pattern.test(reason))) return meaning;
  const [os, cpu] = platform.split('-');
  const target = `--os=${os} --cpu=${cpu}${os === 'linux' ? ' --libc=glibc' : ''}`;
  return (
    'In a checkout, run: npm run build:native. Elsewhere, run: npm install --include=optional llama-rerank. Packages of a platform are left out by ' +
    `--omit=optional and --no-optional, and by a node_modules or a lockfile from another system; to install for this one from there: npm install ${target}`
  );
}
