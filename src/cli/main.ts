#!/usr/bin/env node
import * as api from '../index.js';
import { interruptSignal } from './interrupt.js';
import { runCli } from './program.js';

// A reader that went away shows where we write; without a listener it would also end the process with a stack.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const { stdin, stdout, stderr, env } = process;
process.exitCode = await runCli(process.argv.slice(2), { api, stdin, stdout, stderr, env, signal: interruptSignal() });
