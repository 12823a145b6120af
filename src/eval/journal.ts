import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { RerankError } from '../index.js';
import { corrupt, unreadable } from './lines.js';

/** What a model made of a query. */
export interface Answer {
  readonly query: string;
  /** Ids, best first. */
  readonly documents: readonly string[];
  /** Scores that order `documents`. */
  readonly scores: readonly number[];
  /** Whether a document or the query was cut; of models that embed documents once, the query. */
  readonly truncated: boolean;
  readonly milliseconds: number;
}

/** Everything that determines the answers, as JSON. */
export type Fingerprint = Readonly<Record<string, unknown>>;

/**
 * A file that keeps what a run has done: a line with the fingerprint, then a line a query. Each is written whole before the next query
 * begins, so that a process that is killed loses one query at most; a last line without its end is dropped.
 */
export class Journal {
  readonly done: ReadonlyMap<string, Answer>;
  readonly #file: FileHandle;

  /**
   * @throws RerankError JOURNAL_MISMATCH if the file is of another run, DATASET_CORRUPT if a line is none of ours, DATASET_UNREADABLE
   */
  static async open(path: string, fingerprint: Fingerprint): Promise<Journal> {
    const file = await open(path, 'a+').catch((cause) => {
      throw unreadable(path, cause);
    });
    try {
      const bytes = await file.readFile();
      const end = bytes.lastIndexOf(10) + 1;
      if (end < bytes.length) await file.truncate(end);
      const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
      const header = JSON.stringify({ journal: 1, ...fingerprint });
      if (lines.length === 0) await file.appendFile(`${header}\n`);
      else expectSame(path, parse(path, lines[0] as string, 1), JSON.parse(header));
      const done = new Map<string, Answer>();
      for (const [index, line] of lines.slice(1).entries()) {
        const answer = parse(path, line, index + 2) as unknown as Answer;
        if (typeof answer.query !== 'string' || answer.documents?.length !== answer.scores?.length)
          throw corrupt(path, index + 2, 'expected the answer for a query');
        done.set(answer.query, answer);
      }
      return new Journal(file, done);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(file: FileHandle, done: ReadonlyMap<string, Answer>) {
    this.#file = file;
    this.done = done;
  }

  async add(answer: Answer): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(answer)}\n`);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function parse(path: string, line: string, number: number): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw corrupt(path, number, `expected a line of a journal: ${(cause as Error).message}`);
  }
}

/**
 * Compares the fingerprint in a journal with that of this run.
 *
 * @throws RerankError JOURNAL_MISMATCH, which names what differs
 */
export function expectSame(path: string, before: Fingerprint, now: Fingerprint): void {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const other = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  if (other.length === 0) return;
  const [show] = other as [string];
  throw new RerankError(
    'JOURNAL_MISMATCH',
    `${path}: the journal of another run, of which differ: ${other.join(', ')} (${show}: ${JSON.stringify(before[show])}, now ` +
      `${JSON.stringify(now[show])}). Give the same settings to resume it, or another folder`,
  );
}

/** A hash over texts and where each ends. */
export function digest(): { add(...texts: string[]): void; value(): string } {
  const hash = createHash('sha256');
  return {
    add: (...texts) => {
      for (const text of texts) hash.update(`${Buffer.byteLength(text)}:`).update(text);
    },
    value: () => hash.digest('hex'),
  };
}
