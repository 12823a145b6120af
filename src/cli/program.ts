import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { bulkCommand } from './bulk.js';
import { cacheCommand } from './cache.js';
import { devicesCommand } from './devices.js';
import { doctorCommand } from './doctor.js';
import { evalCommand } from './eval.js';
import { describe, EXIT, exitCodeOf } from './exit.js';
import { inspectCommand } from './inspect.js';
import { mcpCommand } from './mcp.js';
import { expandShortNames } from './options.js';
import { pullCommand } from './pull.js';
import { rankCommand } from './rank.js';
import { serveCommand } from './serve.js';
import type { Shell } from './shell.js';
import { verifyCommand } from './verify.js';
import { workerCommand } from './worker.js';

const EXIT_HELP = `
Exit codes:
  0    done
  1    failed, took longer than --timeout, scores are wrong (verify), or something does not work (doctor)
  2    wrong usage or input
  3    the model, its device or llama.cpp could not be loaded, or the model not be fetched
  4    done, but for some jobs, which are listed (bulk)
  130  interrupted by Ctrl-C

All commands and flags: docs/cli.md`;

/** Runs the command line and answers the exit code. `argv` holds the arguments only, without node and the script. */
export async function runCli(argv: string[], shell: Shell): Promise<number> {
  try {
    await buildProgram(shell).parseAsync(expandShortNames(argv), { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const reason: unknown = shell.signal.aborted ? shell.signal.reason : error;
    shell.stderr.write(describe(reason, argv.includes('--debug')));
    return exitCodeOf(reason);
  }
}

/** All commands, with their flags. */
export function buildProgram(shell: Shell): Command {
  const program = new Command('llama-rerank')
    .description('Rerank documents locally with GGUF models through llama.cpp.')
    .version(packageVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false);
  const commands = [
    rankCommand,
    serveCommand,
    mcpCommand,
    pullCommand,
    cacheCommand,
    verifyCommand,
    evalCommand,
    bulkCommand,
    workerCommand,
    devicesCommand,
    inspectCommand,
    doctorCommand,
  ];
  for (const make of commands) program.addCommand(make(shell));
  connect(program, shell);
  return program;
}

/** Makes a command throw where it would end the process, and show its usage below errors. */
function connect(command: Command, shell: Shell): void {
  const name = nameOf(command);
  const usage = `usage: ${name} ${command.usage()}\n       ${name} --help shows more\n`;
  command
    .addHelpText('after', EXIT_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.stdout.write(text),
      writeErr: (text) => shell.stderr.write(text),
      outputError: (text, print) => print(`${text.replace(/^error: /, 'llama-rerank: ').trimEnd()}\n${usage}`),
    });
  for (const each of command.commands) connect(each, shell);
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
