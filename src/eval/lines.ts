import { createReadStream } from 'node:fs';
import { RerankError } from '../index.js';

/** Characters of one line; a file without line breaks is not one of these formats. */
const LONGEST_LINE = 1 << 24;

/** A line that breaks its format. The message begins with file and line. */
export function corrupt(file: string, line: number, message: string): RerankError {
  return new RerankError('DATASET_CORRUPT', `${file}:${line}: ${message}`);
}

/** A line and its number, from 1. */
export interface Line {
  readonly text: string;
  readonly number: number;
}

/**
 * Calls `read` with each line that is not blank: see `linesOf`.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT (no UTF-8); the signal's reason when it was aborted
 */
export async function eachLine(file: string, read: (line: string, number: number) => void, signal?: AbortSignal): Promise<void> {
  for await (const lines of linesOf(file, signal)) for (const { text, number } of lines) read(text, number);
}

/**
 * Lines that are not blank, as many at a time as were read at once. They end with `\n` or `\r\n`. (node:readline would split at U+2028
 * and a lone `\r` too, which JSON may hold.) The file is read in pieces, so that it may be larger than memory.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT (no UTF-8); the signal's reason when it was aborted
 */
export async function* linesOf(file: string, signal?: AbortSignal): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [rest, number] = ['', 0];
  const take = (lines: string[]): Line[] =>
    lines
      .map((text) => ({ text: text.endsWith('\r') ? text.slice(0, -1) : text, number: ++number }))
      .filter(({ text }) => text.trim() !== '');
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
    yield take(lines);
    if (rest.length > LONGEST_LINE) throw corrupt(file, number + 1, `expected lines of at most ${LONGEST_LINE} characters`);
  }
  yield take([rest + decode()]);
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
