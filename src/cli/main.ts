#!/usr/bin/env node
import * as api from '../index.js';
import { interruptSignal, toldToEnd } from './interrupt.js';
import { runCli } from './program.js';
import type { Shell } from './shell.js';

// A reader that went away shows where we write; without a listener it would also end the process with a stack.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const { stdin, stdout, stderr, env } = process;
const { signal, release } = interruptSignal();
const startServer: Shell['startServer'] = async (options) => {
  // Only this command needs the server's libraries, which take a while to load.
  const server = await import('../server/index.js');
  release();
  return server.startServer({ ...options, logger: { level: options.logLevel, stream: stderr } });
};
const untilTold = (): Promise<void> => {
  release();
  return toldToEnd();
};
process.exitCode = await runCli(process.argv.slice(2), { api, startServer, untilTold, stdin, stdout, stderr, env, signal });
