import { type ChildProcess, fork } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export const ROOT = resolve(import.meta.dirname, '../..');
export const EXAMPLE = join(ROOT, 'examples/electron');
export const NOTES = join(ROOT, 'examples/notes');

/** The app in a folder of its own, installed as npm does it with folders: by links. */
export function installedApp(): { folder: string; remove(): void } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'electron-')));
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/llama-rerank'), 'junction');
  symlinkSync(join(ROOT, 'node_modules/minisearch'), join(folder, 'node_modules/minisearch'), 'junction');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** `utilityProcess.fork` under plain Node. `started` gets each process. */
export function fakeFork(script: string, started: ChildProcess[]) {
  const port = pathToFileURL(join(import.meta.dirname, '../process/scripts/fake-parent-port.mjs')).href;
  return () => {
    const child = fork(script, { execArgv: ['--import', port] });
    started.push(child);
    return {
      postMessage: (message: unknown) => void child.send(message as object),
      on: (event: 'message' | 'exit', listener: (value: never) => void) => child.on(event, listener as () => void),
      kill: () => child.kill(),
    };
  };
}
