#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as api from '../index.js';
import type { McpOptions } from '../mcp/index.js';
import { interruptSignal, toldToEnd } from './interrupt.js';
import { runProbe } from './probe.js';
import { packageVersion, runCli } from './program.js';
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
  return server.startServer({ ...options, logger: { level: options.logLevel, stream: options.logStream } });
};
const untilTold = (): Promise<void> => {
  release();
  return toldToEnd();
};
const serveMcp: Shell['serveMcp'] = async ({ model, loadOptions, ...options }) => {
  const mcp = await import('../mcp/index.js');
  const load: McpOptions['load'] = ({ signal, onProgress }) => {
    const both = (progress: api.Progress) => {
      loadOptions.onProgress?.(progress);
      onProgress?.(progress);
    };
    return api.Reranker.load(model, { ...loadOptions, ...(signal && { signal }), onProgress: both });
  };
  await mcp.serveMcp({ ...options, load, version: packageVersion(), stdin, stdout, signal });
};
const probe: Shell['probe'] = (argv, input = '') => runProbe(fileURLToPath(import.meta.url), argv, { input, signal });
const shell: Shell = { api, startServer, serveMcp, untilTold, probe, exists: existsSync, stdin, stdout, stderr, env, signal };
process.exitCode = await runCli(process.argv.slice(2), shell);
