import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Gpu, LoadOptions, Overflow, Pooling, RerankOptions } from '../index.js';
import type { InputDocument } from './documents.js';

/** Flags about the model and the machine; llama.cpp's names for llama.cpp's options. */
export interface ModelFlags {
  model?: string;
  head?: string;
  pooling?: Pooling;
  queryPrefix?: string;
  documentPrefix?: string;
  lexical?: number;
  offline?: boolean;
  threads?: number;
  gpu?: Gpu;
  gpuLayers?: number | 'all';
  ctxSize?: number;
  ubatchSize?: number;
  flashAttn?: 'on' | 'off';
  kvCacheType?: 'f16' | 'q8_0';
  isolate?: boolean;
}

/** Flags about the ranking. */
export interface RankingFlags {
  topN?: number;
  minScore?: number;
  instruction?: string;
  maxDocumentTokens?: number;
  maxQueryTokens?: number;
  blockSize?: number;
  overflow?: Overflow;
  timeout?: number;
  embeddings?: boolean;
}

/** Flags about several models, one after the other. */
export interface CascadeFlags {
  cascade?: string[];
  keep?: number[];
  deadline?: number;
}

/** Flags that every command has. */
export interface CommonFlags {
  color: boolean;
  debug?: boolean;
}

const LLAMA_CPP_SHORT: Record<string, string> = {
  '-ngl': '--gpu-layers',
  '--n-gpu-layers': '--gpu-layers',
  '-ub': '--ubatch-size',
  '-fa': '--flash-attn',
};

/** Spells llama.cpp's short names out: `-ngl` would otherwise mean `-n gl`. */
export function expandShortNames(argv: string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((argument, index) => {
    if (end !== -1 && index > end) return argument;
    const [name = '', ...value] = argument.split('=');
    return Object.hasOwn(LLAMA_CPP_SHORT, name) ? [LLAMA_CPP_SHORT[name], ...value].join('=') : argument;
  });
}

export function addModelOptions(command: Command): Command {
  return addLoadOptions(
    command
      .optionsGroup('Model (llama.cpp names):')
      .option('-m, --model <name>', 'known name, hf:user/repo:quantization, or GGUF file (default: the English starter model)'),
  );
}

/** How a model is loaded, whichever it is. */
export function addLoadOptions(command: Command): Command {
  return command
    .option('--offline', 'fetch nothing: the model must be on this machine')
    .option('--head <file>', "file with the model's head (projector), if it is not beside the model")
    .addOption(
      new Option('--pooling <how>', 'how states become an embedding (embedding models; default: what the file says)').choices([
        'mean',
        'cls',
        'last',
      ]),
    )
    .option('--query-prefix <text>', 'what stands before the query (embedding models; default: what is known of the model)')
    .option('--document-prefix <text>', 'what stands before each document')
    .option(
      '--lexical <weight>',
      'share of BM25 in the score, 0 to 1 (embedding models; default: 0.25 for the starter model, else 0)',
      decimal,
    )
    .option('-t, --threads <n>', 'threads for inference (default: the cores, at most 16)', integer(1, 512))
    .addOption(gpuOption())
    .option('--gpu-layers <n>', 'layers to keep on the GPU, or `all`; also -ngl, --n-gpu-layers (default: all)', gpuLayers)
    .option('-c, --ctx-size <n>', "tokens that one prompt may hold; 0 means the model's own size (default: 0)", integer(0))
    .option('--ubatch-size <n>', 'tokens in one micro-batch; also -ub (default: 512)', integer(16, 8192))
    .addOption(new Option('--flash-attn <on|off>', 'flash attention; also -fa (default: on)').choices(['on', 'off']))
    .addOption(new Option('--kv-cache-type <type>', 'type of the attention cache (default: f16)').choices(['f16', 'q8_0']))
    .option('--isolate', 'run each model in a process of its own: if it crashes, that is an error, and not the end');
}

export function gpuOption(): Option {
  const option = new Option('--gpu <which>', 'device that runs the model (default: auto)');
  return option.choices(['auto', 'cpu', 'metal', 'cuda', 'vulkan']);
}

export function addRankingOptions(command: Command): Command {
  return command
    .optionsGroup('Ranking:')
    .option('-n, --top-n <n>', 'show the best n documents (default: all)', integer(1))
    .option('--min-score <score>', 'show documents with at least this score', decimal)
    .option('--instruction <text>', 'instruction for the ranking (models whose prompt has a place for it)')
    .option('--max-document-tokens <n>', "cut longer documents (default: the model's limit)", integer(1))
    .option('--max-query-tokens <n>', "cut longer queries (default: the model's limit)", integer(1))
    .option('--block-size <n>', 'most documents in one prompt (listwise models; default: 125)', integer(1))
    .addOption(
      new Option(
        '--overflow <how>',
        'what to do if texts do not fit (default: split for listwise models, else truncate)',
      ).choices(['split', 'truncate', 'chunk', 'error']),
    )
    .option('--timeout <seconds>', 'give up ranking after this time', positive);
}

/** What a single model only has a use for, or a single kind of score. */
const SINGLE = ['model', 'head', 'pooling', 'queryPrefix', 'documentPrefix', 'minScore', 'embeddings'];

export function addCascadeOptions(command: Command): Command {
  return command
    .optionsGroup('Cascade:')
    .addOption(
      new Option(
        '--cascade <fast,strong>',
        'models one after the other, with commas between: each orders the best of the one before',
      )
        .argParser(modelNames)
        .conflicts(SINGLE),
    )
    .option(
      '--keep <n>',
      'documents for the strong model; with more models, a number for each but the first (default: 20)',
      counts,
    )
    .option('--deadline <ms>', 'milliseconds after which the strong model stops', positive);
}

/** @throws usage errors through `command`: flags that do nothing without others */
export function checkCascade(command: Command, { cascade, keep, deadline }: CascadeFlags): void {
  if (cascade === undefined && keep !== undefined) command.error("error: option '--keep' needs --cascade");
  if (cascade === undefined && deadline !== undefined) command.error("error: option '--deadline' needs --cascade");
}

/** The models of a cascade, with commas between. */
export function modelNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.length < 2 || names.includes(''))
    throw new InvalidArgumentError('It must be two models or more, with commas between.');
  return names;
}

export function counts(text: string): number[] {
  return text.split(',').map(integer(1));
}

export function addCommonOptions(command: Command, group = 'Options:'): Command {
  return command
    .optionsGroup(group)
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .option('--debug', 'show the stack of an error')
    .addHelpOption(new Option('-h, --help', 'show help').helpGroup(group));
}

export function loadOptions(flags: Omit<ModelFlags, 'model'>): LoadOptions {
  return withoutUndefined<LoadOptions>({
    head: flags.head,
    pooling: flags.pooling,
    queryPrefix: flags.queryPrefix,
    documentPrefix: flags.documentPrefix,
    lexical: flags.lexical,
    download: flags.offline ? 'never' : undefined,
    gpu: flags.gpu,
    gpuLayers: flags.gpuLayers === 'all' ? undefined : flags.gpuLayers,
    threads: flags.threads,
    contextSize: flags.ctxSize === 0 ? undefined : flags.ctxSize,
    ubatchSize: flags.ubatchSize,
    flashAttention: flags.flashAttn === undefined ? undefined : flags.flashAttn === 'on',
    kvCacheType: flags.kvCacheType,
    isolate: flags.isolate,
  });
}

export function rankingOptions(flags: RankingFlags & CascadeFlags): RerankOptions<InputDocument> {
  return withoutUndefined<RerankOptions<InputDocument>>({
    topN: flags.topN,
    minScore: flags.minScore,
    instruction: flags.instruction,
    maxDocumentTokens: flags.maxDocumentTokens,
    maxQueryTokens: flags.maxQueryTokens,
    blockSize: flags.blockSize,
    overflow: flags.overflow,
    timeout: flags.timeout === undefined ? undefined : flags.timeout * 1000,
    deadline: flags.deadline,
    returnEmbeddings: flags.embeddings,
  });
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Reads a whole number in a range. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number, ${range}.`);
  };
}

function decimal(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

/** Reads a number above 0. */
export function positive(text: string): number {
  const value = decimal(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function gpuLayers(text: string): number | 'all' {
  return text === 'all' ? text : integer(0)(text);
}
