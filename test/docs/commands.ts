import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { parse } from 'shell-quote';
import pkg from '../../package.json' with { type: 'json' };
import { expandShortNames } from '../../src/cli/options.js';
import { buildProgram } from '../../src/cli/program.js';
import type { Shell } from '../../src/cli/shell.js';
import { root } from './markdown.js';

/** What is wrong with the commands of a shell script. Only ours are looked at: llama-rerank, npm and node. */
export async function commandFaults(script: string): Promise<string[]> {
  const faults = await Promise.all(commandsIn(script).map(async (words) => ({ words, fault: await faultOf(words) })));
  return faults.flatMap(({ words, fault }) => (fault === undefined ? [] : [`${words.join(' ')}: ${fault}`]));
}

/** Words of each command, as a shell would start them. */
export function commandsIn(script: string): string[][] {
  return script.replace(/\\\n/g, ' ').split('\n').flatMap(commandsOfLine);
}

/** What a variable or another command gives may be anything; this is good as a name and as a number. */
const ANYTHING = '1';

function commandsOfLine(line: string): string[][] {
  const inner: string[] = [];
  const outer = line.replace(/\$\(([^()]*)\)/g, (_, script: string) => {
    inner.push(script);
    return ANYTHING;
  });
  const commands: string[][] = [[]];
  for (const word of parse(outer, () => ANYTHING)) {
    if (typeof word === 'string') commands.at(-1)?.push(word);
    else if ('comment' in word) break;
    else if (word.op === 'glob') commands.at(-1)?.push(word.pattern);
    else commands.push([]);
  }
  return [...commands.map(stripBeginning), ...inner.flatMap(commandsOfLine)].filter((words) => words.length > 0);
}

/** `FOO=bar npx llama-rerank`, `do llama-rerank` and `"$(llama-rerank` are llama-rerank. */
function stripBeginning(words: string[]): string[] {
  const first = words.findIndex((word) => !/^(\w+=.*|do|then|sudo|exec|time|env|npx|-y)$/s.test(word));
  return first < 0 ? [] : words.slice(first);
}

async function faultOf([name, ...words]: string[]): Promise<string | undefined> {
  if (name === 'llama-rerank') return parseFault(words);
  if (name === 'npm') return npmFault(words);
  const script =
    name === 'node' || name === 'sh' ? words.find((word) => !word.startsWith('-')) : name?.startsWith('.ci/') ? name : undefined;
  const ours = script !== undefined && /^(scripts|bench|examples|docs|\.ci)\//.test(script);
  return ours && !existsSync(join(root, script)) ? `there is no ${script}` : undefined;
}

function npmFault([verb = '', name = '']: string[]): string | undefined {
  const script = verb === 'run' ? name : verb === 'start' || verb === 'test' ? verb : undefined;
  return script === undefined || Object.hasOwn(pkg.scripts, script) ? undefined : `package.json has no script ${script}`;
}

/** The real program reads the words; nothing is done. */
export async function parseFault(words: string[]): Promise<string | undefined> {
  let printed = '';
  const sink = { write: (text: string) => (printed += text) };
  const program = buildProgram({ stdout: sink, stderr: sink, env: {} } as unknown as Shell);
  disarm(program);
  try {
    await program.parseAsync(expandShortNames(words), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) return String(error);
    if (error.exitCode !== 0) return printed.split('\n')[0] || error.message;
  }
  return undefined;
}

function disarm(command: Command): void {
  if (command.commands.length === 0) command.action(() => {});
  for (const each of command.commands) disarm(each);
}
