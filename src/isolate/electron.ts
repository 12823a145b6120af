import type { Readable } from 'node:stream';
import { CHILD, type Launch, reportEnd } from './channel.js';
import type { FromChild } from './protocol.js';
import { LastLines } from './stderr.js';

/** What is used of a child of Electron's. https://www.electronjs.org/docs/latest/api/utility-process */
export interface UtilityProcess {
  readonly pid: number | undefined;
  readonly stderr: Readable | null;
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'exit', listener: (code: number) => void): unknown;
  kill(): boolean;
}

export interface UtilityForkOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly execArgv: string[];
  readonly stdio: ('ignore' | 'pipe')[];
  readonly serviceName: string;
}

export interface UtilityProcesses {
  fork(path: string, args: string[], options: UtilityForkOptions): UtilityProcess;
}

/** A child of Electron's `utilityProcess.fork`: the way in its main process, where the fuse `runAsNode` may be off. */
export function utilityLaunch(utilityProcess: UtilityProcesses): Launch {
  return ({ cwd, env: { ELECTRON_RUN_AS_NODE, ...env }, execArgv, showStderr }) => {
    const options: UtilityForkOptions = { cwd, env, execArgv, stdio: ['ignore', 'ignore', 'pipe'], serviceName: 'llama-rerank' };
    const child = utilityProcess.fork(CHILD, [], options);
    const { stderr } = child;
    const lines = new LastLines(stderr, showStderr);
    return {
      get pid() {
        return child.pid;
      },
      send: (message) => child.postMessage(message),
      onMessage: (listener) => child.on('message', (message) => listener(message as FromChild)),
      onEnd: (listener) => child.once('exit', (code) => reportEnd(stderr, lines, `exit code ${code}`, listener)),
      // Electron's loop lives as long as the app, and ends the child with it.
      hold: () => {},
      kill() {
        // Its own kill asks with SIGTERM, which a process that hangs in native code does not hear.
        try {
          if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
        } catch (error) {
          // It has ended, and its event is on the way.
          if ((error as { code?: string }).code !== 'ESRCH') throw error;
        }
      },
    };
  };
}

/** Electron's module, in its main process only. */
export async function findUtilityProcesses(
  current: { readonly type?: unknown; readonly versions: { readonly electron?: string } } = process as never,
  load: (name: string) => Promise<unknown> = (name) => import(name),
): Promise<UtilityProcesses | undefined> {
  if (current.versions.electron === undefined || current.type !== 'browser') return undefined;
  const { utilityProcess } = (await load('electron')) as { utilityProcess?: UtilityProcesses };
  return utilityProcess;
}
