/** C library of a Linux; musl does not tell its version. */
export interface Libc {
  readonly family: 'glibc' | 'musl';
  readonly version: string | undefined;
}

/** What Node's report says about the process, as far as it is used here. */
interface Report {
  readonly header?: { readonly glibcVersionRuntime?: string };
  readonly sharedObjects?: readonly string[];
}

/** `linux-x64`, `darwin-arm64`, `win32-x64`: how platform packages are called. */
export const PLATFORM = `${process.platform}-${process.arch}`;

/** The C library that this process runs on; undefined where it is no Linux, or does not say. */
export function findLibc(): Libc | undefined {
  return process.platform === 'linux' ? libcOf(readReport()) : undefined;
}

export function libcOf({ header, sharedObjects }: Report): Libc | undefined {
  if (header?.glibcVersionRuntime) return { family: 'glibc', version: header.glibcVersionRuntime };
  return sharedObjects?.some((file) => /\bld-musl-|\blibc\.musl-/.test(file))
    ? { family: 'musl', version: undefined }
    : undefined;
}

function readReport(): Report {
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined;
  if (!report) return {};
  // With network interfaces, the report looks up names, which can take seconds.
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    return report.getReport() as Report;
  } finally {
    report.excludeNetwork = before ?? false;
  }
}

/** `linux-x64, glibc 2.36, Node v20.20.2, N-API 9` */
export function describePlatform(libc = findLibc()): string {
  const { node, electron, napi } = process.versions;
  const c = libc ? [[libc.family, libc.version].filter(Boolean).join(' ')] : [];
  return [PLATFORM, ...c, ...(electron ? [`Electron ${electron}`] : []), `Node v${node}`, `N-API ${napi}`].join(', ');
}
