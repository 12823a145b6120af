import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Command, type Command as CommanderCommand, InvalidArgumentError, Option } from 'commander';
import {
  type Contestant,
  evaluate,
  formatRun,
  htmlReport,
  measure,
  type Order,
  openDataset,
  prepareTask,
  type Report,
  readRun,
  report,
  runOf,
  type Task,
} from '../eval/index.js';
import type { Overflow } from '../index.js';
import { evalTable } from './eval-table.js';
import { type Variant, variantsOf } from './eval-variants.js';
import { loadModels } from './load.js';
import {
  addCommonOptions,
  addLoadOptions,
  type CommonFlags,
  counts,
  integer,
  loadOptions,
  type ModelFlags,
  modelNames,
} from './options.js';
import { type ProgressLine, progressFor } from './progress.js';
import { columnsOf, hasColor, isTerminal, type Shell, write } from './shell.js';
import { style } from './style.js';

type Format = 'table' | 'json' | 'trec' | 'html';

interface EvalFlags extends Omit<ModelFlags, 'model'>, CommonFlags {
  model?: string[];
  cascade?: string[][];
  keep?: number[];
  run?: string;
  topK: number;
  split: string;
  qrels?: string;
  limit?: number;
  skipSameId?: boolean;
  k: number;
  metrics?: string[];
  baseline?: string;
  compare?: string;
  order: Order;
  seed: number;
  instruction?: string;
  maxDocumentTokens?: number;
  blockSize?: number;
  overflow?: Overflow;
  out?: string;
  format: Format;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = `
Examples:
  llama-rerank eval data/scifact
  llama-rerank eval data/scifact --run bm25.trec -m jina-reranker-v3 --out results
  llama-rerank eval data/scifact -m jina-reranker-v3 --compare Q8_0,Q4_K_M
  llama-rerank eval data/scifact -m jina-reranker-v3 --compare order=given,reversed,shuffled --limit 50
  llama-rerank eval data/scifact -m starter -m jina-reranker-v3 --cascade starter,jina-reranker-v3 --keep 20

DATASET is a folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/test.tsv. With --out, a run that was stopped goes on where
it was when the same command is given again.`;

/** `llama-rerank eval`: models on labelled data. */
export function evalCommand(shell: Shell): CommanderCommand {
  const command = new Command('eval')
    .summary('measure models on labelled data')
    .description('Rerank the first stage of a labelled data set, and measure it as trec_eval does.')
    .usage('[options] DATASET')
    .argument('<dataset>', "folder in BEIR's layout")
    .optionsGroup('Data:')
    .option('--run <file>', 'TREC run of a first stage (default: BM25, built in)')
    .option('--top-k <n>', 'documents a query that are reranked', integer(1), 100)
    .option('--split <name>', 'which judgements', 'test')
    .option('--qrels <file>', "other judgements, in BEIR's or TREC's form")
    .option('--limit <n>', 'the first n queries alone', integer(1))
    .option('--skip-same-id', "leave out the document that has the query's id (ArguAna, Quora)")
    .optionsGroup('Comparison:')
    .option(
      '--compare <what>',
      'model=A,B overflow=A,B order=A,B blockSize=A,B maxDocumentTokens=A,B lexical=A,B keep=A,B, or Q8_0,Q4_K_M',
    )
    .option('--baseline <file>', 'TREC run to compare with (default: the first of several variants, else the first stage)')
    .option('--k <n>', 'places that the metrics look at', integer(1), 10)
    .option('--metrics <list>', 'ndcg@K, mrr@K, map, recall@K, success@K, p@K; the first is compared', names)
    .option('--seed <n>', 'of resamples and shuffles', integer(0), 0)
    .optionsGroup('Ranking:')
    .addOption(
      new Option('--order <how>', 'in which order the model gets the documents')
        .choices(['given', 'reversed', 'shuffled'])
        .default('given'),
    )
    .option('--instruction <text>', 'instruction for the ranking (models whose prompt has a place for it)')
    .option('--max-document-tokens <n>', "cut longer documents (default: the model's limit)", integer(1))
    .option('--block-size <n>', 'most documents in one prompt (listwise models; default: 125)', integer(1))
    .addOption(new Option('--overflow <how>', 'what to do if texts do not fit').choices(['split', 'truncate', 'chunk', 'error']))
    .optionsGroup('Model (llama.cpp names):')
    .option(
      '-m, --model <name>',
      'known name, hf:user/repo:quantization, or GGUF file; may be repeated (default: the starter model)',
      collect,
    )
    .option(
      '--cascade <fast,strong>',
      'models one after the other, with commas between, beside those of --model; may be repeated',
      (value: string, before: string[][] = []) => [...before, modelNames(value)],
    )
    .option(
      '--keep <n>',
      'documents for the strong model; with more models, a number for each but the first (default: 20)',
      counts,
    );
  addLoadOptions(command);
  command
    .optionsGroup('Output:')
    .option('-o, --out <folder>', 'keep journals, runs, report.json and report.html here')
    .addOption(new Option('--format <format>', 'what goes to stdout').choices(['table', 'json', 'trec', 'html']).default('table'))
    .addOption(new Option('--json', '--format json').implies({ format: 'json' }))
    .option('--quiet', 'nothing on stderr but errors');
  addCommonOptions(command, 'Output:').addHelpText('after', EXAMPLES);
  return command.action((dataset: string, flags: EvalFlags) => run(command, dataset, flags, shell));
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

function names(text: string): string[] {
  const list = text.split(',').map((name) => name.trim().toLowerCase());
  if (list.includes('')) throw new InvalidArgumentError('It must be names between commas.');
  return list;
}

async function run(command: CommanderCommand, folder: string, flags: EvalFlags, shell: Shell): Promise<void> {
  const { cascade: cascades = [], keep: kept } = flags;
  if (kept !== undefined && cascades.length === 0) command.error("error: option '--keep' needs --cascade");
  if (flags.head !== undefined && cascades.length > 0) command.error("error: option '--head' is for a single model");
  const common = { load: loadOptions(flags), call: { order: flags.order, rerank: callOptions(flags) } };
  const variants = variantsOf(flags.model ?? [], flags.compare, common, { cascades, keep: kept });
  if (flags.format === 'trec' && variants.length > 1)
    command.error("error: option '--format trec' is for one variant; --out writes a run for each");
  const metrics = flags.metrics ?? ['ndcg', 'mrr', 'map', 'recall', 'success', 'p'].map((name) => `${name}@${flags.k}`);
  // A wrong name is said now, not after hours.
  measure(new Map(), new Map(), metrics);
  const progress = progressFor(!flags.quiet, shell);
  try {
    const { signal } = shell;
    const { split, qrels, topK, limit, skipSameId } = flags;
    const dataset = await openDataset(folder, { split, qrels, signal });
    const task = await prepareTask(dataset, { run: flags.run, topK, limit, skipSameId, signal, onProgress: progress.update });
    const contestants: Contestant[] = [{ label: flags.run === undefined ? 'BM25' : basename(flags.run), run: task.run }];
    if (flags.baseline !== undefined) {
      const queries = new Set(task.queries.map(({ id }) => id));
      contestants.push({ label: basename(flags.baseline), run: await readRun(flags.baseline, { queries, signal }) });
    }
    if (flags.out !== undefined) await mkdir(flags.out, { recursive: true });
    for (const variant of variants) contestants.push(await runVariant(task, variant, flags, shell, progress));
    const firstVariant = contestants.length - variants.length;
    const baseline = contestants[variants.length > 1 && flags.baseline === undefined ? firstVariant : firstVariant - 1];
    const result = await report(task, contestants, {
      metrics,
      baseline: baseline?.label,
      seed: flags.seed,
      signal,
    });
    if (flags.out !== undefined) {
      // Runs that were read stay as they are: the folder may be theirs.
      const made = contestants.filter((each, i) => 'answers' in each || (i === 0 && flags.run === undefined));
      await keep(flags.out, result, made);
    }
    progress.clear();
    await write(shell.stdout, render(result, contestants, flags, shell));
  } finally {
    progress.clear();
  }
}

function callOptions(flags: EvalFlags): NonNullable<Variant['call']['rerank']> {
  const { instruction, maxDocumentTokens, blockSize, overflow } = flags;
  return {
    ...(instruction === undefined ? {} : { instruction }),
    ...(maxDocumentTokens === undefined ? {} : { maxDocumentTokens }),
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(overflow === undefined ? {} : { overflow }),
  };
}

async function runVariant(
  task: Task,
  variant: Variant,
  flags: EvalFlags,
  shell: Shell,
  progress: ProgressLine,
): Promise<Contestant> {
  const { signal, stderr, env } = shell;
  const onNotice = (notice: string): void => {
    progress.clear();
    if (!flags.quiet) stderr.write(`${style(hasColor(stderr, env, flags.color)).dim(notice)}\n`);
  };
  onNotice(`evaluating ${variant.label}`);
  // None changes a score.
  const { threads: _threads, download: _download, isolate: _isolate, ...settings } = variant.load;
  const options = { ...variant.load, signal, onNotice, onProgress: progress.update };
  const reranker = await loadModels(shell.api, variant, options);
  try {
    const answers = await evaluate(task, reranker, {
      ...variant.call,
      seed: flags.seed,
      journal: flags.out === undefined ? undefined : join(flags.out, `${fileName(variant.label)}.journal.jsonl`),
      settings,
      signal,
      onProgress: progress.update,
    });
    return { label: variant.label, answers };
  } finally {
    await reranker.dispose();
  }
}

async function keep(folder: string, result: Report, made: readonly Contestant[]): Promise<void> {
  for (const each of made) await writeFile(join(folder, `${fileName(each.label)}.trec`), trec(each));
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(result, null, 2)}\n`);
  await writeFile(join(folder, 'report.html'), htmlReport(result));
}

function trec(contestant: Contestant): string {
  return formatRun('run' in contestant ? contestant.run : runOf(contestant.answers), contestant.label);
}

const fileName = (label: string): string => label.replace(/[^\w.=-]+/g, '_');

function render(result: Report, contestants: readonly Contestant[], flags: EvalFlags, { stdout, env }: Shell): string {
  if (flags.format === 'json') return `${JSON.stringify(result, null, isTerminal(stdout, env) ? 2 : 0)}\n`;
  if (flags.format === 'html') return htmlReport(result);
  if (flags.format === 'trec') return trec(contestants.at(-1) as Contestant);
  return evalTable(result, { columns: columnsOf(stdout, env), color: hasColor(stdout, env, flags.color) });
}
