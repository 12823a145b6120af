import { createReadStream } from 'node:fs';
import { RerankError } from '../index.js';

/** Characters of one line; a file without line breaks is not one of these formats. */
const LONGEST_LINE = 1 << 24;

/** A line that breaks its format. The message begins with file and line. */
export function corrupt(file: string, line: number, message: string): RerankError {
  return new RerankError('DATASET_CORRUPT', `${file}:${line}: ${message}`);
}

/**
 * Calls `read` with each line that is not blank, and its number, from 1. Lines end with `\n` or `\r\n`. (node:readline would split at U+2028
 * and a lone `\r` too, which JSON may hold.) The file is read in pieces, so that it may be larger than memory.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT (no UTF-8); the signal's reason when it was aborted
 */
export async function eachLine(file: string, read: (line: string, number: number) => void, signal?: AbortSignal): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [rest, number] = ['', 0];
  const take = (line: string): void => {
    number++;
    if (line.trim() !== '') read(line.endsWith('\r') ? line.slice(0, -1) : line, number);
  };
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw new RerankError('DATASET_CORRUPT', `${file}: expected UTF-8 text, found other bytes after line ${number}`, { cause });
    }
  };
  for await (const bytes of chunksOf(file)) {
    signal?.throwIfAborted();
    const lines = (rest + decode(bytes)).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) take(line);
    if (rest.length > LONGEST_LINE) throw corrupt(file, number + 1, `expected lines of at most ${LONGEST_LINE} characters`);
  }
  rest += decode();
  if (rest !== '') take(rest);
}

async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 1 << 18 });
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

export function unreadable(file: string, cause: unknown): RerankError {
  const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
  return new RerankError('DATASET_UNREADABLE', `${file}: ${why}`, { cause });
}
