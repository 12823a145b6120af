import { Command } from 'commander';
import { describe } from './exit.js';
import { addCommonOptions, addModelOptions, type CommonFlags, loadOptions, type ModelFlags } from './options.js';
import { loadingFor } from './progress.js';
import { STARTER_NOTICE } from './rank.js';
import type { Shell } from './shell.js';

interface McpFlags extends ModelFlags, CommonFlags {
  root?: string[];
  verbose?: number;
}

const EXAMPLES = `
Examples:
  llama-rerank mcp
  llama-rerank mcp --root ~/notes
  llama-rerank mcp -m jina-reranker-v3 --root docs --root tickets

Clients start it themselves; their configuration, of Claude, VS Code and Cursor for example:
  { "command": "npx", "args": ["-y", "llama-rerank", "mcp", "--root", "/home/me/notes"] }

Only the protocol goes to stdout. docs/integrations.md has more.`;

/** `llama-rerank mcp`: one tool for agents, over stdin and stdout. */
export function mcpCommand(shell: Shell): Command {
  const command = new Command('mcp')
    .summary('offer reranking to agents (Model Context Protocol)')
    .description('Offer reranking to agents as a tool, by the Model Context Protocol on stdin and stdout.')
    .usage('[options]')
    .optionsGroup('Server:')
    .option('--root <folder>', 'folder whose files the tool may rank; may be repeated (default: none, texts only)', each)
    .option('-v, --verbose', "llama.cpp's log on stderr; twice for everything", (_, level: number) => level + 1, 0);
  addModelOptions(command);
  addCommonOptions(command).addHelpText('after', EXAMPLES);
  return command.action((flags: McpFlags) => serve(flags, shell));
}

async function serve(flags: McpFlags, shell: Shell): Promise<void> {
  const { stderr, stdin } = shell;
  if (flags.verbose) await shell.api.setLogLevel(flags.verbose === 1 ? 3 : 4);
  if (flags.model === undefined) stderr.write(`llama-rerank: ${STARTER_NOTICE}\n`);
  if (stdin.isTTY) stderr.write('llama-rerank: waiting for a client on stdin: it is the client that starts this command\n');
  // llama.cpp's log goes to stderr by itself, and would go into the line.
  const progress = loadingFor(!flags.verbose, shell);
  const say = (text: string): void => {
    progress.clear();
    stderr.write(text);
  };
  const onNotice = (notice: string) => say(`llama-rerank: ${notice}\n`);
  const serving = shell.serveMcp({
    model: flags.model,
    loadOptions: { ...loadOptions(flags), onNotice, onProgress: progress.update },
    roots: flags.root ?? [],
    onError: (error) => say(describe(error, flags.debug === true)),
  });
  await serving.finally(progress.clear);
}

function each(value: string, before: string[] = []): string[] {
  return [...before, value];
}
