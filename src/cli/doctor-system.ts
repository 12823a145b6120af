import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Finding } from './finding.js';
import { bytes } from './numbers.js';
import type { Shell } from './shell.js';

/** Below it, the known models do not fit (jina-reranker-v3:Q4_K_M has 400 MB). */
const LITTLE = 2 ** 30;

/** The oldest Node and glibc that this runs with. */
export const NEEDS = { node: [20, 3], glibc: [2, 28] } as const;

export function nodeFinding(version = process.version): Finding {
  const good = atLeast(version.slice(1), NEEDS.node);
  return {
    name: 'node',
    state: good ? 'ok' : 'bad',
    found: version,
    ...(good ? {} : { advice: `install Node.js ${NEEDS.node.join('.')} or newer` }),
  };
}

interface ReportHeader {
  glibcVersionRuntime?: string;
}

/** Platform and C library; llama.cpp's packages for Linux are made for glibc. */
export function platformFinding(
  platform: string = process.platform,
  arch: string = process.arch,
  header = (process.report.getReport() as unknown as { header: ReportHeader }).header,
): Finding {
  const name = 'platform';
  const found = `${platform}-${arch}`;
  if (platform !== 'linux') return { name, state: 'ok', found };
  const glibc = header.glibcVersionRuntime;
  if (glibc === undefined)
    return {
      name,
      state: 'note',
      found: `${found}, no glibc (musl?)`,
      advice: 'the ready-built llama.cpp needs glibc: build it for this system',
    };
  if (atLeast(glibc, NEEDS.glibc)) return { name, state: 'ok', found: `${found}, glibc ${glibc}` };
  const advice = `the ready-built addon needs glibc ${NEEDS.glibc.join('.')}: build it on this system`;
  return { name, state: 'note', found: `${found}, glibc ${glibc}`, advice };
}

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

const AVX2 = ['avx2', 'fma', 'f16c'];
/** What kernels need, the fastest first. */
const KERNELS = [
  ['AVX-512 kernels', [...AVX2, 'avx512f', 'avx512bw', 'avx512vl', 'avx512_vnni']],
  ['AVX-VNNI kernels', [...AVX2, 'avx_vnni']],
  ['AVX2 kernels', AVX2],
] as const;

/** Which kernels compute on this processor. `cpuinfo`: the text of /proc/cpuinfo, where there is one. */
export function processorFinding(env: Shell['env'], cpuinfo: string | undefined): Finding {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo ?? '')?.[1]?.split(/\s+/));
  const own = KERNELS.find(([, needs]) => needs.every((flag) => flags.has(flag)))?.[0];
  const most = env.LLAMA_RERANK_KERNELS;
  const limited = own && most ? `, LLAMA_RERANK_KERNELS is ${most}` : '';
  const found = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} threads, ${own ?? "ggml's kernels"}${limited}`;
  const finding: Finding = { name: 'processor', state: 'ok', found };
  return limited
    ? { ...finding, state: 'note', advice: 'unset LLAMA_RERANK_KERNELS to use all that the processor has' }
    : finding;
}

export function memoryFinding(free = freemem(), total = totalmem()): Finding {
  const finding: Finding = { name: 'memory', state: 'ok', found: `${bytes(free)} free of ${bytes(total)}` };
  return free >= LITTLE ? finding : { ...finding, state: 'note', advice: 'close programs, or use a small model' };
}

/** Where models are fetched to, and with which settings. */
export async function cacheFindings({ api, env }: Pick<Shell, 'api' | 'env'>): Promise<Finding[]> {
  let folder: string;
  try {
    folder = api.cacheFolder();
  } catch (error) {
    return [{ name: 'settings', state: 'bad', found: (error as Error).message, advice: 'correct the environment variable' }];
  }
  return [await folderFinding(folder), hubFinding(env)];
}

async function folderFinding(folder: string): Promise<Finding> {
  const name = 'cache';
  const existing = await nearest(folder);
  const there = existing === folder ? '' : ' (made on first use)';
  try {
    await access(existing, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(existing);
    const finding: Finding = { name, state: 'ok', found: `${folder}${there}, ${bytes(bavail * bsize)} free` };
    return bavail * bsize >= LITTLE
      ? finding
      : { ...finding, state: 'note', advice: 'make room, or set HF_HOME to another drive' };
  } catch (error) {
    const found = `${folder}: cannot be written (${(error as { code?: string }).code})`;
    return { name, state: 'bad', found, advice: 'give yourself the right to write there, or set HF_HOME or HF_HUB_CACHE' };
  }
}

/** The folder, or the nearest one above it that exists. */
async function nearest(folder: string): Promise<string> {
  const exists = await access(folder).then(
    () => true,
    (error) => error.code !== 'ENOENT',
  );
  return exists || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

/** Tokens are named, never shown. */
function hubFinding(env: Shell['env']): Finding {
  const shown = ['HF_ENDPOINT', 'HF_HOME', 'HF_HUB_CACHE', 'HF_HUB_OFFLINE'].flatMap((name) =>
    env[name] ? [`${name}=${env[name]}`] : [],
  );
  const secret = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'].flatMap((name) => (env[name] ? [`${name} is set`] : []));
  const found = [...shown, ...secret].join(', ') || 'no environment variables of the Hugging Face Hub';
  const offline = /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE ?? '');
  if (!offline) return { name: 'hub', state: 'ok', found };
  return { name: 'hub', state: 'note', found, advice: 'HF_HUB_OFFLINE forbids to fetch models: unset it to fetch one' };
}

/** Shared libraries cannot be opened inside Electron's archives. */
export function archiveFinding(url: string): Finding[] {
  if (!/\.asar[/\\]/.test(url)) return [];
  const advice = 'electron-builder: "asarUnpack": ["**/node_modules/{llama-rerank,@llama-rerank,@node-llama-cpp}/**"]';
  return [{ name: 'asar', state: 'bad', found: 'this package lies in an asar archive', advice }];
}
