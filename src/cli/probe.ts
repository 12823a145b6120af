import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What became of a command that ran in a process of its own. */
export interface Probe {
  /** The exit code, or the signal that ended the process. */
  readonly ended: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds that a probe may take: the first use of a GPU compiles its kernels. */
const PATIENCE = 180_000;

/** Runs this program in a process of its own, which may end as it likes. */
export async function runProbe(
  main: string,
  argv: readonly string[],
  { input = '', signal }: { input?: string; signal: AbortSignal },
): Promise<Probe> {
  const child = spawn(process.execPath, [main, ...argv], { stdio: 'pipe', timeout: PATIENCE, killSignal: 'SIGKILL', signal });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  child.stdin.on('error', () => {}).end(input);
  const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
  return { ...output, ended: killedBy ?? code ?? 'nothing' };
}

/** Why a probe failed: what it said, or how it ended. */
export function failureOf({ ended, stderr }: Probe): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.map((line) => /^llama-rerank: (.*) \([A-Z_]+\)$/.exec(line)?.[1]).find((message) => message !== undefined);
  if (said !== undefined) return said;
  const how = typeof ended === 'number' ? `exit code ${ended}` : `signal ${ended}`;
  return `the process that tried it ended with ${how}. Its last lines: ${lines.slice(-5).join(' | ') || 'none'}`;
}
