import { Command } from 'commander';
import { InputError } from './exit.js';
import { bytes } from './numbers.js';
import { addCommonOptions, type CommonFlags } from './options.js';
import { progressFor } from './progress.js';
import { hasColor, type Shell, write } from './shell.js';
import { style } from './style.js';

interface PullFlags extends CommonFlags {
  quiet?: boolean;
}

const EXAMPLES = `
Examples:
  llama-rerank pull jina-reranker-v3
  llama-rerank pull jina-reranker-v3:Q4_K_M
  llama-rerank pull hf:user/repo/model.gguf#commit

Files go to the cache of the Hugging Face Hub, where hf, Python and llama.cpp find them too. What is there is not fetched.
The path of the file goes to stdout.`;

/** `llama-rerank pull`: fetches a model, so that later runs need no network. */
export function pullCommand(shell: Shell): Command {
  const command = new Command('pull')
    .summary('fetch a model')
    .description('Fetch a model and its head, and verify them.')
    .usage('[options] NAME[:QUANTIZATION]')
    .argument('<name>', 'known name, or hf:user/repo with :quantization, /file.gguf or #revision')
    .option('--quiet', 'nothing on stderr but errors');
  addCommonOptions(command).addHelpText('after', EXAMPLES);
  return command.action((name: string, flags: PullFlags) => pull(name, flags, shell));
}

async function pull(name: string, flags: PullFlags, shell: Shell): Promise<void> {
  const { signal, stderr, env } = shell;
  const progress = progressFor(!flags.quiet, shell);
  const say = (text: string): void => {
    progress.clear();
    if (!flags.quiet) stderr.write(`${style(hasColor(stderr, env, flags.color)).dim(text)}\n`);
  };
  let fetched: number | undefined;
  try {
    const files = await shell.api.resolveModel(name, {
      signal,
      onNotice: say,
      onProgress: (state) => {
        fetched = state.total;
        progress.update(state);
      },
    });
    if (files.path === name) throw new InputError(`${name} is the path of a file, not the name of a model`);
    say(fetched === undefined ? 'already there' : `fetched and verified ${bytes(fetched)}`);
    await write(shell.stdout, `${files.path}\n`);
  } finally {
    progress.clear();
  }
}
