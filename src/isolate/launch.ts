/** What a child process is started with: everything is taken once, so that a restart is like the first start. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly execArgv: string[];
}

/**
 * Flags of Node that a child process needs as well: memory, and how to reach a server. Others do harm there: a second `--inspect` has no
 * port, `--import`, `--require` and `--loader` bring code of the parent's that may load another llama.cpp or start this again, `--test`
 * and `--watch` make another program of it.
 */
const KEPT =
  /^--(max-(old|semi)-space-size=\d+|use-(system|openssl|bundled)-ca|use-env-proxy|tls-[a-z0-9.-]+(=\S+)?|dns-result-order=\w+)$/;

export function keptFlags(flags: readonly string[]): string[] {
  return flags.filter((flag) => KEPT.test(flag));
}

export function surroundings(
  current: Pick<typeof process, 'env' | 'execArgv' | 'versions'> & { cwd(): string } = process,
): Surroundings {
  const { NODE_OPTIONS, NODE_CHANNEL_FD, NODE_CHANNEL_SERIALIZATION_MODE, ...rest } = current.env;
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) env[name] = value;
  const options = keptFlags((NODE_OPTIONS ?? '').split(/\s+/));
  if (options.length > 0) env.NODE_OPTIONS = options.join(' ');
  // Where `fork` is used in Electron (worker threads, a utility process), its program has to be Node.
  if (current.versions.electron !== undefined) env.ELECTRON_RUN_AS_NODE = '1';
  return { cwd: current.cwd(), env, execArgv: keptFlags(current.execArgv) };
}
