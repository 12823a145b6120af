import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { InputError } from './exit.js';
import { decode, splitLines } from './lines.js';
import { type InputDocument, parseRecord } from './record.js';

export type { InputDocument } from './record.js';

/** How a source is cut into documents: the whole file, each line, or the records of JSON Lines. */
export type InputFormat = 'file' | 'line' | 'jsonl';

export interface InputOptions {
  /** Default: `jsonl` for names that end in .jsonl or .ndjson, `line` for stdin, `file` for others. */
  format?: InputFormat | undefined;
  /** Field of a JSON record that holds the text; dots lead into nested objects. */
  field: string;
  stdin: Readable;
  signal: AbortSignal;
}

const STDIN = '-';
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_DOCUMENTS = 1_000_000;

/**
 * Reads the documents of all sources, in their order; `-` is stdin.
 *
 * @throws InputError that names file, line and column.
 */
export async function readDocuments(sources: string[], options: InputOptions): Promise<InputDocument[]> {
  const documents: InputDocument[] = [];
  const budget = { left: MOST_BYTES };
  for (const source of sources) {
    for await (const document of documentsOf(source, options, budget)) {
      if (documents.length === MOST_DOCUMENTS) {
        throw new InputError(`there are more than ${MOST_DOCUMENTS} documents: rank them in parts`);
      }
      documents.push(document);
    }
  }
  return documents;
}

/** Reads one file as text, without the line break at its end; `-` is stdin. */
export async function readText(source: string, options: Pick<InputOptions, 'stdin' | 'signal'>): Promise<string> {
  return joined(textOf(source, options, { left: MOST_BYTES }));
}

async function* documentsOf(source: string, options: InputOptions, budget: Budget): AsyncGenerator<InputDocument> {
  const format = options.format ?? formatOf(source);
  const text = textOf(source, options, budget);
  if (format === 'file') {
    const id = source === STDIN ? {} : { id: source };
    yield { ...id, text: await joined(text) };
    return;
  }
  let number = 0;
  for await (const line of splitLines(text)) {
    number++;
    yield format === 'line' ? { text: line } : parseRecord(line, options.field, `${nameOf(source)}:${number}`);
  }
}

interface Budget {
  left: number;
}

async function* textOf(source: string, options: Pick<InputOptions, 'stdin' | 'signal'>, budget: Budget): AsyncGenerator<string> {
  const { signal } = options;
  const stream = source === STDIN ? addAbortSignal(signal, options.stdin) : createReadStream(source, { signal });
  try {
    yield* decode(within(budget, stream), nameOf(source));
  } catch (error) {
    throw readableError(error, source);
  }
}

async function* within(budget: Budget, stream: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    budget.left -= chunk.length;
    if (budget.left < 0)
      throw new InputError(`the documents are larger than ${MOST_BYTES / 1024 / 1024} MiB: rank them in parts`);
    yield chunk;
  }
}

async function joined(chunks: AsyncIterable<string>): Promise<string> {
  const pieces: string[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return pieces.join('').replace(/\r?\n$/, '');
}

function formatOf(source: string): InputFormat {
  if (source === STDIN) return 'line';
  return /\.(jsonl|ndjson)$/i.test(source) ? 'jsonl' : 'file';
}

function nameOf(source: string): string {
  return source === STDIN ? 'stdin' : source;
}

function readableError(error: unknown, source: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EISDIR') return new InputError(`${source} is a folder: name its files, for example ${source}/*.txt`);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const hint = /[*?]/.test(source) ? ' (the shell has put no names in place of the pattern)' : '';
    return new InputError(`there is no file ${source}${hint}`);
  }
  if (code === 'EACCES' || code === 'EPERM') return new InputError(`no permission to read ${source}`);
  return error;
}
