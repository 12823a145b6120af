import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';

/** Ids of the processes that isolated rerankers of the process `parent` run in. */
export function isolatedChildren(parent = process.pid): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [pid, ppid, state = '', ...args] = line.trim().split(/\s+/);
    return Number(ppid) === parent && !state.startsWith('Z') && /isolate[/\\]child\.js/.test(args.join(' ')) ? [Number(pid)] : [];
  });
}

/** The one child, once it is there. */
export async function theChild(parent = process.pid): Promise<number> {
  for (let i = 0; i < 100; i++) {
    const [child, ...others] = isolatedChildren(parent);
    if (others.length > 0) throw new Error(`expected one child, got ${others.length + 1}`);
    if (child !== undefined) return child;
    await setTimeout(20);
  }
  throw new Error('there is no child');
}

/** Whether a process ends within the time. */
export async function ends(pid: number, milliseconds = 3000): Promise<boolean> {
  for (const begin = performance.now(); performance.now() - begin < milliseconds; await setTimeout(20)) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
  }
  return false;
}
