import { Interrupted } from './exit.js';

const PATIENCE = 900;

/**
 * A signal that aborts on Ctrl-C. A second Ctrl-C, or work that has not stopped within 0.9 seconds (a read from a network drive
 * or a named pipe cannot be called back), ends the process by the signal itself. That is safe at any moment, since nothing of
 * ours runs then, as it would in process.exit().
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    // `once` has taken this listener away, so that the default action is back for the next SIGINT.
    setTimeout(() => process.kill(process.pid, 'SIGINT'), PATIENCE).unref();
    controller.abort(new Interrupted('interrupted'));
  });
  return controller.signal;
}
