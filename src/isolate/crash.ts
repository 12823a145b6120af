import { RerankError } from '../errors.js';
import type { End } from './channel.js';

/** Holds until it is not started any more. */
export const NEXT = ' The next call starts it again.';

/** What a process that ended by itself means for those who wait for it. */
export function crashError({ how, lines }: End): RerankError {
  const words = lines.length > 0 ? `Its last lines: ${lines.join(' | ')}` : 'It wrote nothing to stderr';
  return new RerankError('WORKER_CRASHED', `the process that runs the model ended with ${how}. ${words}. ${advice(how)}${NEXT}`);
}

function advice(how: string): string {
  if (how.includes('SIGKILL'))
    return 'Somebody ended it, or the system because memory ran out: then use a smaller model, contextSize or memoryBudget.';
  if (how.startsWith('the error')) return 'Check memory, the limit of processes, and the working directory.';
  return 'Run `llama-rerank doctor`, and report it with these lines if it comes back.';
}
