import { Interrupted } from './exit.js';

const PATIENCE = 900;

/** What a command hears of Ctrl-C. */
export interface Interrupt {
  signal: AbortSignal;
  /** From now on Ctrl-C is another's business. */
  release(): void;
}

/**
 * A signal that aborts on Ctrl-C. A second Ctrl-C, or work that has not stopped within 0.9 seconds (a read from a network drive
 * or a named pipe cannot be called back), ends the process by the signal itself. That is safe at any moment, since nothing of
 * ours runs then, as it would in process.exit().
 */
export function interruptSignal(): Interrupt {
  const controller = new AbortController();
  const onInterrupt = () => {
    // `once` has taken this listener away, so that the default action is back for the next SIGINT.
    setTimeout(() => process.kill(process.pid, 'SIGINT'), PATIENCE).unref();
    controller.abort(new Interrupted('interrupted'));
  };
  process.once('SIGINT', onInterrupt);
  return { signal: controller.signal, release: () => process.removeListener('SIGINT', onInterrupt) };
}

/** Resolves on the first SIGTERM or SIGINT. Without listeners, the next one ends the process. */
export function toldToEnd(): Promise<void> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  return new Promise((resolve) => {
    const tell = (): void => {
      for (const signal of signals) process.removeListener(signal, tell);
      resolve();
    };
    for (const signal of signals) process.on(signal, tell);
  });
}
