import { Command } from 'commander';
import type { CachedModel } from '../index.js';
import { alignColumns } from './align.js';
import { bytes, count } from './numbers.js';
import { addCommonOptions, type CommonFlags } from './options.js';
import { hasColor, type Shell, write } from './shell.js';
import { style } from './style.js';
import { oneLine } from './width.js';

interface ListFlags extends CommonFlags {
  json?: boolean;
}

/** `llama-rerank cache ls|rm|path`: the model files that are kept for all tools. */
export function cacheCommand(shell: Shell): Command {
  const command = new Command('cache')
    .summary('show or remove fetched models')
    .description('Show or remove the models in the cache of the Hugging Face Hub, which hf, Python and llama.cpp share.')
    .usage('ls|rm|path')
    .helpCommand(false);
  command.addCommand(listCommand(shell)).addCommand(removeCommand(shell)).addCommand(pathCommand(shell));
  return addCommonOptions(command);
}

function listCommand(shell: Shell): Command {
  const command = new Command('ls')
    .alias('list')
    .summary('list the GGUF files in the cache')
    .description('List the GGUF files in the cache, whoever fetched them, and downloads that have not ended.')
    .usage('[options]')
    .option('--json', 'one JSON array');
  return addCommonOptions(command).action(async (flags: ListFlags) => {
    const models = await shell.api.listCache();
    const text = flags.json ? `${JSON.stringify(models, null, 2)}\n` : table(models, shell, flags);
    await write(shell.stdout, text);
  });
}

function table(models: CachedModel[], shell: Shell, flags: ListFlags): string {
  const { dim } = style(hasColor(shell.stdout, shell.env, flags.color));
  const rows = models.map((model) => [
    oneLine(model.name),
    bytes(model.bytes),
    model.partial ? 'incomplete: pull goes on' : oneLine(model.path),
  ]);
  const [header = '', ...lines] = alignColumns([['name', 'size', 'file'], ...rows]);
  const total = models.reduce((sum, model) => sum + model.bytes, 0);
  return `${[dim(header), ...lines, dim(`${count(models.length, 'file')}, ${bytes(total)} in ${shell.api.cacheFolder()}`)].join('\n')}\n`;
}

function removeCommand(shell: Shell): Command {
  const command = new Command('rm')
    .alias('remove')
    .summary('remove a model from the cache')
    .description('Remove a model from the cache, for all tools that share it.')
    .usage('NAME[:QUANTIZATION]...')
    .argument('<names...>', 'known name, or hf:user/repo with :quantization or /file.gguf; without them, all of its models');
  return addCommonOptions(command).action(async (names: string[]) => {
    for (const name of names) {
      for (const model of await shell.api.removeCached(name)) {
        await write(shell.stdout, `removed ${oneLine(model.name)}  ${bytes(model.bytes)}\n`);
      }
    }
  });
}

function pathCommand(shell: Shell): Command {
  const command = new Command('path')
    .summary("show the cache's folder, or a model's file")
    .description("Show the cache's folder, or the path of a model's file that is there.")
    .usage('[NAME[:QUANTIZATION]]')
    .argument('[name]', 'known name, or hf:user/repo');
  return addCommonOptions(command).action(async (name: string | undefined) => {
    const path = name === undefined ? shell.api.cacheFolder() : (await shell.api.resolveModel(name, { download: 'never' })).path;
    await write(shell.stdout, `${path}\n`);
  });
}
