/** The entry of the child process, under `child_process.fork` and under Electron's `utilityProcess.fork`. */
import type { ToChild } from './protocol.js';
import { type ParentPort, serve } from './serve.js';

/** Electron's, in a utility process. https://www.electronjs.org/docs/latest/api/parent-port */
interface UtilityPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: ToChild }) => void): void;
}

// Threads are stopped by the addon as the process exits. Nobody is left whom an open download or a running call could matter to.
const end = () => process.exit();

function utilityPort(port: UtilityPort): ParentPort {
  return {
    end,
    send: (message) => port.postMessage(message),
    onMessage: (listener) => port.on('message', ({ data }) => listener(data)),
  };
}

function forkPort(): ParentPort {
  process.on('disconnect', end);
  // A terminal and a service manager signal parent and children alike. The parent may go on with calls, and it decides when they end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  return {
    end,
    send: (message) => process.send?.(message, undefined, undefined, () => {}),
    onMessage: (listener) => process.on('message', (message) => listener(message as ToChild)),
  };
}

const { parentPort } = process as { parentPort?: UtilityPort };
serve(parentPort ? utilityPort(parentPort) : forkPort());
