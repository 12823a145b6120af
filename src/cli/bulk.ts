import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import {
  type BulkInput,
  type BulkReport,
  type BulkRerankOptions,
  beirFolder,
  bulk,
  checkInput,
  estimate,
  identify,
  jsonLines,
  localEngine,
  type OutputFormat,
  queueEngine,
  spool,
} from '../bulk/index.js';
import { estimateText, summary } from './bulk-summary.js';
import { Incomplete } from './exit.js';
import {
  addCommonOptions,
  addModelOptions,
  addRankingOptions,
  type CommonFlags,
  integer,
  loadOptions,
  type ModelFlags,
  type RankingFlags,
  rankingOptions,
} from './options.js';
import { type ProgressLine, progressFor, progressLog } from './progress.js';
import { STARTER_NOTICE } from './rank.js';
import { isTerminal, type LoadedReranker, type Shell, write } from './shell.js';

interface BulkFlags extends ModelFlags, RankingFlags, CommonFlags {
  run?: string;
  topK: number;
  out?: string;
  format: OutputFormat;
  journal?: string;
  redis?: string;
  queue?: string;
  maxQueued: number;
  dryRun?: boolean;
  quiet?: boolean;
}

const EXAMPLES = `
Examples:
  llama-rerank bulk jobs.jsonl -o results.jsonl
  llama-rerank bulk data/scifact --run bm25.trec --format trec -o reranked.trec
  llama-rerank bulk jobs.jsonl -o results.jsonl --dry-run
  llama-rerank bulk jobs.jsonl -o results.jsonl --redis redis://queue.example:6379
  llama-rerank worker --redis redis://queue.example:6379      (on as many machines as there are)

A line of INPUT is {"id": ..., "query": "...", "documents": ["...", {"_id": ..., "text": "..."}]}. All of it is checked before anything
is computed. The same command again goes on where it was.`;

/** `llama-rerank bulk`: many queries, in this process or through a queue. */
export function bulkCommand(shell: Shell): Command {
  const command = new Command('bulk')
    .summary('rank the documents of many queries, here or on many machines')
    .description('Rank the documents of many queries, in this process, or by workers through a queue in Redis.')
    .usage('[options] INPUT')
    .argument('<input>', "JSON Lines, - for stdin, or a folder in BEIR's layout (with --run)")
    .optionsGroup('Input:')
    .option('--run <file>', 'TREC run that says which documents of a BEIR folder each query gets')
    .option('--top-k <n>', 'the best n documents of the run', integer(1), 100);
  addRankingOptions(command);
  addModelOptions(command);
  command
    .optionsGroup('Queue:')
    .option('--redis <url>', 'have `llama-rerank worker` processes compute; also LLAMA_RERANK_REDIS')
    .option('--queue <name>', 'name of the queue (default: llama-rerank); also LLAMA_RERANK_QUEUE')
    .option('--max-queued <n>', 'most jobs of this run in Redis at a time', integer(1), 1000)
    .optionsGroup('Output:')
    .option(
      '-o, --out <file>',
      'write here, when all is done (default: stdout, and then nothing is kept of a run that is stopped)',
    )
    .addOption(new Option('--format <format>', 'what is written').choices(['jsonl', 'trec']).default('jsonl'))
    .option('--journal <file>', 'keep what is done here until the output is written (default: OUT.journal)')
    .option('--dry-run', 'compute a few jobs, and say how long all take')
    .option('--quiet', 'nothing on stderr but errors');
  addCommonOptions(command, 'Output:').addHelpText('after', EXAMPLES);
  return command.action((input: string, flags: BulkFlags) => run(command, input, flags, shell));
}

async function run(command: Command, source: string, flags: BulkFlags, shell: Shell): Promise<void> {
  const { quiet = false } = flags;
  const progress = isTerminal(shell.stderr, shell.env) ? progressFor(!quiet, shell) : progressLog(!quiet, shell.stderr);
  const say = (text: string): void => {
    progress.clear();
    if (!quiet) shell.stderr.write(`llama-rerank: ${text}\n`);
  };
  if (flags.model === undefined) say(STARTER_NOTICE);
  const scratch = await mkdtemp(join(tmpdir(), 'llama-rerank-'));
  try {
    const input = await openInput(command, source, flags, shell, scratch);
    if (flags.dryRun) await tell(input, flags, shell, progress, say);
    else await compute(input, flags, shell, progress, say, scratch);
  } finally {
    progress.clear();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function openInput(
  command: Command,
  source: string,
  { run: file, topK }: BulkFlags,
  { stdin, signal }: Shell,
  scratch: string,
): Promise<BulkInput> {
  const isFolder = source !== '-' && (await stat(source).catch(() => undefined))?.isDirectory() === true;
  if (isFolder && file === undefined) command.error("error: a folder in BEIR's layout needs --run");
  if (!isFolder && file !== undefined)
    command.error(`error: option '--run' is for a folder in BEIR's layout, and ${source} is none`);
  if (isFolder) return beirFolder(source, file as string, { topK, signal });
  if (source !== '-') return jsonLines(source);
  const kept = join(scratch, 'stdin.jsonl');
  await spool(stdin, kept, signal);
  return jsonLines(kept, 'stdin');
}

/** Where the queue is, if there is one. */
export function addressOf(flags: { redis?: string; queue?: string }, env: Shell['env']): { redis?: string; queue?: string } {
  const redis = flags.redis ?? env.LLAMA_RERANK_REDIS;
  const queue = flags.queue ?? env.LLAMA_RERANK_QUEUE;
  return { ...(redis ? { redis } : {}), ...(queue ? { queue } : {}) };
}

async function compute(
  input: BulkInput,
  flags: BulkFlags,
  shell: Shell,
  progress: ProgressLine,
  say: (text: string) => void,
  scratch: string,
): Promise<void> {
  const { signal, stdout, env } = shell;
  const { out, format, maxQueued } = flags;
  const rerank = callOptions(flags);
  const { redis, queue } = addressOf(flags, env);
  const identity = await identify(flags.model, { ...loadOptions(flags), signal, onNotice: say, onProgress: progress.update });
  const work = (engine: Parameters<typeof bulk>[1]['engine']): Promise<BulkReport> =>
    bulk(input, {
      identity,
      engine,
      rerank,
      format,
      output: out ?? stdout,
      journal: flags.journal ?? (out === undefined ? join(scratch, 'journal') : `${out}.journal`),
      signal,
      onProgress: progress.update,
    });
  const report =
    redis === undefined
      ? await withRanker(flags, shell, progress, say, (ranker) => work(localEngine(ranker, rerank)))
      : await work(queueEngine({ redis, queue, identity, rerank, maxQueued, onNotice: say }));
  for (const line of summary(report)) say(line);
  const { failed } = report;
  if (failed.length > 0)
    throw new Incomplete(`${failed.length} of ${report.lines} lines have no results. The same command tries them again`);
}

async function tell(
  input: BulkInput,
  flags: BulkFlags,
  shell: Shell,
  progress: ProgressLine,
  say: (text: string) => void,
): Promise<void> {
  const { signal, stdout } = shell;
  const rerank = callOptions(flags);
  const checked = await checkInput(input, { identity: '', rerank, trec: flags.format === 'trec', signal });
  const found = await withRanker(flags, shell, progress, say, (ranker) => estimate(checked, ranker, rerank, signal));
  progress.clear();
  await write(stdout, estimateText(found));
}

function callOptions(flags: BulkFlags): BulkRerankOptions {
  const { returnEmbeddings: _, ...options } = rankingOptions(flags);
  return options as BulkRerankOptions;
}

async function withRanker<T>(
  flags: BulkFlags,
  { api, signal }: Shell,
  progress: ProgressLine,
  onNotice: (text: string) => void,
  use: (ranker: LoadedReranker) => Promise<T>,
): Promise<T> {
  const { update: onProgress } = progress;
  const ranker = await api.Reranker.load(flags.model, { ...loadOptions(flags), signal, onNotice, onProgress });
  try {
    return await use(ranker);
  } finally {
    await ranker.dispose();
  }
}
