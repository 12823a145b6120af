import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { InputError } from './exit.js';
import {
  addCommonOptions,
  addLoadOptions,
  type CommonFlags,
  checkCascade,
  counts,
  integer,
  loadOptions,
  type ModelFlags,
  modelNames,
  positive,
} from './options.js';
import { loadingLine } from './progress.js';
import { STARTER_NOTICE } from './rank.js';
import { isTerminal, type LogLevel, type ServeOptions, type Shell } from './shell.js';

type Served = NonNullable<ServeOptions['models']>[number];

interface ServeFlags extends Omit<ModelFlags, 'model'>, CommonFlags {
  host: string;
  port: number;
  model?: Served[];
  cascade?: Served[];
  keep?: number[];
  deadline?: number;
  apiKey?: string[];
  apiKeyFile?: string;
  allowHost?: string[];
  corsOrigin?: string[];
  strictModel?: boolean;
  idleTimeout?: number;
  timeout?: number;
  drainTimeout?: number;
  queue?: number;
  maxDocuments?: number;
  logLevel: LogLevel;
}

const EXAMPLES = `
Examples:
  llama-rerank serve
  llama-rerank serve -m jina-reranker-v3
  llama-rerank serve -m jina-reranker-v3 -m quick=all-MiniLM-L6-v2
  llama-rerank serve --cascade jina-reranker-v3=starter,jina-reranker-v3 --deadline 2000
  llama-rerank serve --host 0.0.0.0 --api-key-file keys.txt

  curl http://127.0.0.1:8080/v1/rerank -H 'Content-Type: application/json' \\
    -d '{"query": "late parcels", "documents": ["We post on Mondays.", "Where is my parcel?"]}'

The page to try it is at http://127.0.0.1:8080/. docs/server.md tells how to point other programs here.`;

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

/** `llama-rerank serve`: the HTTP APIs of Jina, Cohere and TEI, over models on this machine. */
export function serveCommand(shell: Shell): Command {
  const command = new Command('serve')
    .summary('answer rerank requests over HTTP')
    .description("Answer rerank requests over HTTP, in the shapes of Jina's, Cohere's and TEI's APIs.")
    .usage('[options]')
    .optionsGroup('Server (llama.cpp names):')
    .option('--host <address>', 'address to listen at; another than this machine itself needs a key', '127.0.0.1')
    .option('--port <n>', 'port to listen at; 0 takes a free one', integer(0, 65_535), 8080)
    .option('--api-key <keys>', 'keys of which a request must have one, with commas between; also LLAMA_RERANK_API_KEY', someKeys)
    .option('--api-key-file <file>', 'file with keys, one a line')
    .optionsGroup('Server:')
    .option('--allow-host <name>', 'host name by which it may be called besides localhost; may be repeated', each)
    .option('--cors-origin <origin>', 'web site whose pages may call it, or *; may be repeated', each)
    .option('--timeout <seconds>', 'give up a request after this time, waiting included (default: 120)', positive)
    .option('--drain-timeout <seconds>', 'when told to end, let running requests finish for so long (default: 8)', positive)
    .option('--queue <n>', 'requests that may wait or run; more are answered 429 (default: 64)', integer(1))
    .option('--max-documents <n>', 'documents in one request (default: 1000)', integer(1))
    .addOption(new Option('--log-level <level>', 'what is logged on stderr').choices(LOG_LEVELS).default('info'))
    .optionsGroup('Models (llama.cpp names):')
    .option(
      '-m, --model <name>',
      'known name, hf:user/repo:quantization, GGUF file, or alias=any of them; may be repeated',
      model,
    )
    .option(
      '--cascade <fast,strong>',
      'models as one, with commas between: each orders the best of the one before; or alias=them; may be repeated',
      cascade,
    )
    .option(
      '--keep <n>',
      'documents for the strong model; with more models, a number for each but the first (default: 20)',
      counts,
    )
    .option('--deadline <ms>', 'milliseconds after which the strong model of a cascade stops (default: none)', positive)
    .option('--strict-model', 'refuse other model names than those served, even if only one is')
    .option('--idle-timeout <seconds>', 'unload models but the first after this time; 0 never (default: 600)', integer(0));
  addLoadOptions(command);
  addCommonOptions(command).addHelpText('after', EXAMPLES);
  return command.action((flags: ServeFlags) => serve(command, flags, shell));
}

async function serve(command: Command, flags: ServeFlags, shell: Shell): Promise<void> {
  const served = [...(flags.model ?? []), ...(flags.cascade ?? []).map((entry) => ({ ...entry, keep: flags.keep }))];
  const names = served.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) command.error(`error: two models are called ${twice}: name one of them, as in other=${twice}`);
  if (flags.head !== undefined && (names.length > 1 || flags.cascade))
    command.error("error: option '--head' is for a single model");
  checkCascade(command, { ...flags, cascade: flags.cascade?.map(({ name }) => name) });
  const { stderr, env } = shell;
  const progress = loadingLine(flags.logLevel !== 'silent', shell);
  const say = (text: string): void => {
    progress.clear();
    stderr.write(text);
  };
  const notices = {
    onNotice: (notice: string) => say(`llama-rerank: ${notice}\n`),
    // Where there is no line, the server's log has it.
    ...(isTerminal(stderr, env) ? { onProgress: progress.update } : {}),
  };
  const server = await shell.startServer({
    host: flags.host,
    port: flags.port,
    models: served.length > 0 ? served : undefined,
    loadOptions: { ...loadOptions(flags), ...notices },
    apiKeys: allKeys(flags, env),
    allowedHosts: flags.allowHost,
    corsOrigins: flags.corsOrigin,
    strictModel: flags.strictModel,
    idleTimeout: inMilliseconds(flags.idleTimeout),
    timeout: inMilliseconds(flags.timeout),
    drainTimeout: inMilliseconds(flags.drainTimeout),
    deadline: flags.deadline,
    queueLimit: flags.queue,
    maxDocuments: flags.maxDocuments,
    logLevel: flags.logLevel,
    logStream: { write: say },
  });
  say(`llama-rerank: listening at ${server.url} (Ctrl-C ends it)\n`);
  say(`llama-rerank: open ${new URL('/', server.url)} in a browser to try it\n`);
  if (served.length === 0) say(`llama-rerank: ${STARTER_NOTICE}\n`);
  await server.ended.finally(progress.clear);
}

function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

function allKeys(flags: ServeFlags, env: Shell['env']): string[] {
  const fromFile = flags.apiKeyFile === undefined ? [] : readKeys(flags.apiKeyFile);
  return [...(flags.apiKey ?? []), ...fromFile, ...keys(env.LLAMA_RERANK_API_KEY ?? '')];
}

function readKeys(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new InputError(`the file with API keys cannot be read: ${(cause as Error).message}`, { cause });
  }
  const found = text.split(/\s+/).filter((key) => key !== '');
  if (found.length === 0) throw new InputError(`the file with API keys is empty: ${file}`);
  return found;
}

function keys(text: string): string[] {
  return text
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
}

/** A flag with no key in it would leave the server open to everybody. */
function someKeys(text: string): string[] {
  const found = keys(text);
  if (found.length === 0) throw new InvalidArgumentError('It is empty.');
  return found;
}

function each(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** `alias=model`, a file (called as it is without .gguf), or a name. An alias has no slash: a path may have an equals sign. */
function model(value: string, before: Served[] = []): Served[] {
  const [, alias, rest] = /^([^=/\\]+)=(.+)$/s.exec(value) ?? [];
  const target = rest ?? value;
  if (target.trim() === '') throw new InvalidArgumentError('It must be the name of a model or a file.');
  return [...before, { name: alias ?? nameOf(target), model: target }];
}

function nameOf(target: string): string {
  return /\.gguf$/i.test(target) ? basename(target.replaceAll('\\', '/')).replace(/\.gguf$/i, '') : target;
}

/** `alias=fast,strong`, or without alias called `fast+strong`. */
function cascade(value: string, before: Served[] = []): Served[] {
  const [, alias, rest] = /^([^=/\\]+)=(.+)$/s.exec(value) ?? [];
  const stages = modelNames(rest ?? value);
  return [...before, { name: alias ?? stages.map(nameOf).join('+'), stages }];
}
