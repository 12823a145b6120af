import { Command, Option } from 'commander';
import { type InputDocument, type InputFormat, readDocuments, readText } from './documents.js';
import { footer } from './footer.js';
import { loadModels } from './load.js';
import {
  addCascadeOptions,
  addCommonOptions,
  addModelOptions,
  addRankingOptions,
  type CascadeFlags,
  type CommonFlags,
  checkCascade,
  loadOptions,
  type ModelFlags,
  type RankingFlags,
  rankingOptions,
} from './options.js';
import { type Ranking, rankJson, rankJsonLines } from './output.js';
import { progressFor } from './progress.js';
import { columnsOf, hasColor, isTerminal, type Shell, write } from './shell.js';
import { style } from './style.js';
import { rankTable } from './table.js';
import { wrap } from './width.js';

interface RankFlags extends ModelFlags, RankingFlags, CascadeFlags, CommonFlags {
  query?: string;
  queryFile?: string;
  input?: InputFormat;
  field: string;
  json?: boolean;
  jsonl?: boolean;
  fullText?: boolean;
  quiet?: boolean;
  verbose?: number;
}

/** Said where no model was named. */
export const STARTER_NOTICE =
  'starter model: English only; other languages by matching words alone. For these and the best quality use jina-reranker-v3 (--model jina-reranker-v3)';

const EXAMPLES = `
Examples:
  llama-rerank rank -q "can I get my money back?" help/*.txt
  ls notes | llama-rerank rank -q "holiday plans" -n 5
  llama-rerank rank -q "late parcels" --field body --json tickets.jsonl
  llama-rerank rank -m jina-reranker-v3 -q "Wie spät ist es?" -n 3 *.txt
  llama-rerank rank --cascade starter,jina-reranker-v3 --deadline 2000 -q "late parcels" *.txt

A file is a document; a line of stdin is a document; a line of a .jsonl or .ndjson file is a JSON object.
Bars show where a score lies between the lowest and the highest of the shown scores and 0.
Results go to stdout, everything else to stderr.`;

/** `llama-rerank rank`: documents from files or stdin, best first. */
export function rankCommand(shell: Shell): Command {
  const command = new Command('rank')
    .alias('rerank')
    .summary('rank documents by how well they answer a query')
    .description('Rank documents by how well they answer a query.')
    .usage('-q QUERY [options] [files...|-]')
    .argument('[files...]', 'documents; - is stdin, which is also read if it is piped and no file is named')
    .optionsGroup('Input:')
    .option('-q, --query <text>', 'the query')
    .addOption(new Option('--query-file <file>', 'file that holds the query; - is stdin').conflicts('query'))
    .addOption(
      new Option('--input <format>', 'what a document is, whatever the file is called').choices(['file', 'line', 'jsonl']),
    )
    .option('--field <name>', 'field of a JSON object that holds the text; dots lead into nested objects', 'text');
  addRankingOptions(command);
  addModelOptions(command);
  addCascadeOptions(command);
  command
    .optionsGroup('Output:')
    .addOption(new Option('--json', "one JSON object, with the fields of Jina's API").conflicts('jsonl'))
    .option('--jsonl', 'one JSON object a result')
    .option('--embeddings', 'add the embedding of each document to the JSON')
    .option('--full-text', 'show the whole text of each document in the table')
    .option('--quiet', 'nothing on stderr but errors')
    .option('-v, --verbose', "llama.cpp's log on stderr; twice for everything", (_, level: number) => level + 1, 0);
  addCommonOptions(command, 'Output:').addHelpText('after', EXAMPLES);
  return command.action(async (files: string[], flags: RankFlags) => rank(command, files, flags, shell));
}

async function rank(command: Command, files: string[], flags: RankFlags, shell: Shell): Promise<void> {
  const sources = files.length === 0 && shell.stdin.isTTY !== true ? ['-'] : files;
  checkUsage(command, sources, flags);
  const query = flags.query ?? (await readText(flags.queryFile ?? '-', shell));
  const { field, input: format } = flags;
  const documents = await readDocuments(sources, { field, format, stdin: shell.stdin, signal: shell.signal });
  if (documents.length === 0) command.error('error: there are no documents: the input is empty');

  if (flags.verbose) await shell.api.setLogLevel(flags.verbose === 1 ? 3 : 4);
  const columns = columnsOf(shell.stderr, shell.env);
  if (flags.model === undefined && flags.cascade === undefined)
    say(`${wrap(STARTER_NOTICE, columns).join('\n')}\n`, flags, shell);
  const { loadMilliseconds, ...ranking } = await compute(query, documents, flags, shell);
  await write(shell.stdout, render(ranking, flags, shell));
  say(`\n${footer(ranking, documents.length, loadMilliseconds, columns)}`, flags, shell);
}

/** Remarks beside the results. Empty lines at their ends are for people who read both on one terminal. */
function say(text: string, flags: RankFlags, { stdout, stderr, env }: Shell): void {
  if (flags.quiet) return;
  const together = isTerminal(stdout, env) && isTerminal(stderr, env);
  const lines = together ? text : text.trim();
  stderr.write(`${style(hasColor(stderr, env, flags.color)).dim(lines)}\n`);
}

function checkUsage(command: Command, sources: string[], flags: RankFlags): void {
  if (flags.query === undefined && flags.queryFile === undefined) command.error('error: the query is missing (--query)');
  checkCascade(command, flags);
  if (sources.length === 0) command.error('error: there are no documents: name files, or pipe lines into stdin');
  const stdinUses = [...sources, flags.queryFile].filter((source) => source === '-').length;
  if (stdinUses > 1) command.error('error: stdin can be read only once (name files for the documents)');
  if (flags.embeddings && !flags.json && !flags.jsonl) command.error("error: option '--embeddings' needs --json or --jsonl");
  if (flags.fullText && (flags.json || flags.jsonl)) command.error("error: option '--full-text' is for the table, not for JSON");
}

async function compute(
  query: string,
  documents: InputDocument[],
  flags: RankFlags,
  shell: Shell,
): Promise<Ranking & { loadMilliseconds: number }> {
  const { signal } = shell;
  // llama.cpp writes its log to stderr by itself, and would write into the line.
  const progress = progressFor(!flags.quiet && !flags.verbose, shell);
  const onNotice = (notice: string): void => {
    progress.clear();
    say(notice, flags, shell);
  };
  const { update: onProgress } = progress;
  try {
    const start = performance.now();
    const reranker = await loadModels(shell.api, flags, { ...loadOptions(flags), signal, onProgress, onNotice });
    const loadMilliseconds = performance.now() - start;
    try {
      const response = await reranker.rerank(query, documents, { ...rankingOptions(flags), signal, onProgress });
      return { model: reranker.model, query, response, loadMilliseconds };
    } finally {
      await reranker.dispose();
    }
  } finally {
    progress.clear();
  }
}

function render(ranking: Ranking, flags: RankFlags, shell: Shell): string {
  const { stdout, env } = shell;
  if (flags.jsonl) return rankJsonLines(ranking);
  if (flags.json) return rankJson(ranking, isTerminal(stdout, env) && !flags.embeddings);
  const { results, stages } = ranking.response;
  const color = hasColor(stdout, env, flags.color);
  return rankTable(results, { columns: columnsOf(stdout, env), color, fullText: flags.fullText === true, stages });
}
