import { fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from './launch.js';
import type { FromChild, ToChild } from './protocol.js';
import { LastLines } from './stderr.js';

/** How a child process ended. */
export interface End {
  /** `signal SIGKILL`, `exit code 1` */
  readonly how: string;
  /** Its last lines on stderr. */
  readonly lines: readonly string[];
}

/** A child process and the line to it. */
export interface Channel {
  readonly pid: number | undefined;
  send(message: ToChild): void;
  onMessage(listener: (message: FromChild) => void): void;
  /** Called once, also for a process that could not be started. */
  onEnd(listener: (end: End) => void): void;
  /** Whether this process stays alive for it. */
  hold(alive: boolean): void;
  kill(): void;
}

export interface LaunchOptions extends Surroundings {
  /** Whether what the child writes to stderr is shown on this process's stderr. */
  readonly showStderr: boolean;
}

export type Launch = (options: LaunchOptions) => Channel;

export const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** Milliseconds for what a process that has ended has still in its pipe: another one may hold the pipe open. */
const LAST_WORDS = 200;
/** Milliseconds in which a child that hung up has to end. */
const HUNG_UP = 1000;

/** Waits for the rest of stderr, then says how it ended. */
export function reportEnd(stderr: Readable | null, lines: LastLines, how: string, report: (end: End) => void): void {
  const done = () => {
    clearTimeout(timer);
    report({ how, lines: lines.list() });
  };
  const timer = setTimeout(done, LAST_WORDS);
  if (!stderr || stderr.closed || stderr.readableEnded) done();
  else stderr.once('close', done);
}

/** A child of Node's own `fork`. */
export const forkChannel: Launch = ({ cwd, env, execArgv, showStderr }) => {
  const child = fork(CHILD, [], {
    ...{ cwd, env, execArgv, windowsHide: true },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const { stderr } = child;
  const lines = new LastLines(stderr, showStderr);
  (stderr as Socket | null)?.unref();
  return {
    pid: child.pid,
    // What cannot be sent any more is answered by the end of the process.
    send: (message) => void child.send(message, () => {}),
    onMessage: (listener) => child.on('message', (message) => listener(message as FromChild)),
    onEnd(listener) {
      let reported = false;
      const end = (how: string) => {
        if (reported) return;
        reported = true;
        reportEnd(child.pid === undefined ? null : stderr, lines, how, listener);
      };
      child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
      child.on('error', (error) => {
        if (child.pid === undefined) end(`the error ${error.message}, before it was started`);
      });
      child.once('disconnect', () => setTimeout(() => child.kill('SIGKILL'), HUNG_UP).unref());
    },
    hold(alive) {
      for (const handle of [child, child.channel]) alive ? handle?.ref() : handle?.unref();
    },
    kill: () => void child.kill('SIGKILL'),
  };
};
