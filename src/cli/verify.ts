import { basename } from 'node:path';
import { Command } from 'commander';
import type { Verdict, Verification, VerifiedExample } from '../index.js';
import { WrongScores } from './exit.js';
import { count } from './numbers.js';
import { addCommonOptions, addLoadOptions, type CommonFlags, loadOptions, type ModelFlags } from './options.js';
import { progressFor } from './progress.js';
import { columnsOf, hasColor, isTerminal, type Shell, write } from './shell.js';
import { type Style, style } from './style.js';
import { fitStart, oneLine } from './width.js';

interface VerifyFlags extends ModelFlags, CommonFlags {
  catalog?: string;
  as?: string;
  json?: boolean;
  quiet?: boolean;
}

const LONGEST_LINE = 1000;

const MEANING: Record<Verdict, string> = {
  right: 'right: scores are the published ones',
  close: 'close: order as published, scores off as a quantized file may be',
  wrong: 'wrong: scores are not the published ones',
};

/** `llama-rerank verify`: a model's file against the scores that were published for the model. */
export function verifyCommand(shell: Shell): Command {
  const command = new Command('verify')
    .summary("compare a model's scores with published ones")
    .description('Compute the examples for which scores were published, and compare. Wrong scores are exit code 1.')
    .usage('[options] MODEL')
    .argument('<model>', 'known name, hf:user/repo, or GGUF file')
    .option('--as <name>', 'which known model the file is (default: what its name says)')
    .option('--catalog <file>', 'another catalogue of models and examples')
    .option('--json', 'one JSON object')
    .option('--quiet', 'nothing on stderr but errors');
  addCommonOptions(addLoadOptions(command.optionsGroup('Model (llama.cpp names):')));
  return command.action((model: string, flags: VerifyFlags) => verify(model, flags, shell));
}

async function verify(model: string, flags: VerifyFlags, shell: Shell): Promise<void> {
  const { signal, stderr } = shell;
  const progress = progressFor(!flags.quiet, shell);
  const onNotice = (notice: string): void => {
    progress.clear();
    if (!flags.quiet) stderr.write(`${notice}\n`);
  };
  const { catalog, as } = flags;
  const chosen = { ...(catalog === undefined ? {} : { catalog }), ...(as === undefined ? {} : { as }) };
  let result: Verification;
  try {
    const options = { ...loadOptions(flags), ...chosen, signal, onProgress: progress.update, onNotice };
    result = await shell.api.verifyModel(model, options);
  } finally {
    progress.clear();
  }
  await write(shell.stdout, flags.json ? `${JSON.stringify(result, null, 2)}\n` : report(result, flags, shell));
  if (result.verdict === 'wrong') {
    throw new WrongScores(
      `${result.path}: scores differ from those published for ${result.name}. Fetch the file again, or report it`,
    );
  }
}

function report(result: Verification, flags: VerifyFlags, shell: Shell): string {
  const { stdout, env } = shell;
  const columns = isTerminal(stdout, env) ? columnsOf(stdout, env) : LONGEST_LINE;
  const paint = style(hasColor(stdout, env, flags.color));
  const lines = [`${paint.bold(result.name)}  ${oneLine(basename(result.path))}, mostly ${result.quantization}`];
  for (const example of result.examples) lines.push('', ...exampleLines(example, columns, paint));
  const lists = count(result.examples.length, 'list');
  const end =
    result.verdict === undefined ? 'no scores are published for this model: nothing to compare' : MEANING[result.verdict];
  lines.push('', result.verdict === undefined ? end : `${colored(result.verdict, end, paint)} (${lists})`);
  return `${lines.join('\n')}\n`;
}

function exampleLines(example: VerifiedExample, columns: number, paint: Style): string[] {
  const alone = example.separately ? ', each document alone' : '';
  const lines = [
    fitStart(oneLine(example.query), columns),
    paint.dim(fitStart(oneLine(`${example.precision}${alone}: ${example.source}`), columns)),
    paint.dim(' expected       got     off  document'),
  ];
  for (const [index, document] of example.documents.entries()) {
    const [expected = Number.NaN, got = Number.NaN] = [example.expected[index], example.got[index]];
    const numbers = [expected, got].map((score) => score.toFixed(4).padStart(9)).join(' ');
    lines.push(
      fitStart(
        `${numbers} ${Math.abs(expected - got)
          .toFixed(4)
          .padStart(7)}  ${oneLine(document)}`,
        columns,
      ),
    );
  }
  const off = `off by ${example.largestDifference.toFixed(4)} at most, ${example.tolerance} allowed`;
  lines.push(`${colored(example.verdict, example.verdict, paint)}: ${off}`);
  return lines;
}

function colored(verdict: Verdict, text: string, { green, yellow, bold }: Style): string {
  return { right: green, close: yellow, wrong: bold }[verdict](text);
}
