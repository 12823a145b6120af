import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { corrupt, expectSame, type Fingerprint } from '../eval/index.js';
import { RerankError } from '../index.js';
import type { Outcome } from './jobs.js';
import { unwritable } from './unwritable.js';

/** How a line begins, by which it is known without parsing all of it. */
const BEGINNING = /^\[(\d+),\{"(results|error)":/;
const HEAD = 40;

/**
 * A file that keeps what is done: a line with the run's fingerprint, then a line a job as it ends, in any order. Memory holds where
 * each line is. A process that is killed loses the line it was writing at most.
 */
export class Journal {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #offsets: Float64Array;
  readonly #lengths: Uint32Array;
  readonly #failed = new Set<number>();
  #end = 0;
  #done = 0;

  /**
   * Jobs that failed in an earlier run are to be done again.
   *
   * @param lines how many lines of input there are
   * @throws RerankError JOURNAL_MISMATCH if the file is of another run, DATASET_CORRUPT, OUTPUT_UNWRITABLE
   */
  static async open(path: string, fingerprint: Fingerprint, lines: number): Promise<Journal> {
    const file = await open(path, 'a+').catch((cause) => {
      throw unwritable(path, cause);
    });
    try {
      const journal = new Journal(path, file, lines);
      await journal.#read({ bulk: 1, ...fingerprint });
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(path: string, file: FileHandle, lines: number) {
    this.path = path;
    this.#file = file;
    this.#offsets = new Float64Array(lines).fill(-1);
    this.#lengths = new Uint32Array(lines);
  }

  async #read(fingerprint: Fingerprint): Promise<void> {
    let number = 0;
    let rest: Buffer = Buffer.alloc(0);
    for await (const bytes of createReadStream(this.path, { highWaterMark: 1 << 20 })) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
        const line = rest.subarray(0, end + 1);
        if (number++ === 0) expectSame(this.path, headerOf(this.path, line), JSON.parse(JSON.stringify(fingerprint)));
        else this.#note(line, number);
        this.#end += line.length;
        rest = rest.subarray(end + 1);
      }
    }
    if (rest.length > 0) await this.#file.truncate(this.#end);
    if (number === 0) await this.#append(`${JSON.stringify(fingerprint)}\n`);
    for (const index of this.#failed) this.#forget(index);
    this.#failed.clear();
  }

  #note(line: Buffer, number: number): void {
    const [, place, kind] = BEGINNING.exec(line.toString('latin1', 0, HEAD)) ?? [];
    const index = Number(place);
    if (place === undefined || index >= this.#offsets.length) throw corrupt(this.path, number, 'expected a line of a journal');
    if (this.#offsets[index] === -1) this.#done++;
    this.#offsets[index] = this.#end;
    this.#lengths[index] = line.length;
    if (kind === 'error') this.#failed.add(index);
    else this.#failed.delete(index);
  }

  #forget(index: number): void {
    this.#offsets[index] = -1;
    this.#done--;
  }

  /** Jobs that have an outcome. */
  get done(): number {
    return this.#done;
  }

  /** Jobs of this run that failed for good. */
  get failed(): ReadonlySet<number> {
    return this.#failed;
  }

  has(index: number): boolean {
    return this.#offsets[index] !== -1;
  }

  /** One call at a time. */
  async add(index: number, outcome: Outcome): Promise<void> {
    const line = Buffer.from(`[${index},${JSON.stringify(outcome)}]\n`);
    const begin = this.#end;
    await this.#append(line);
    this.#offsets[index] = begin;
    this.#lengths[index] = line.length;
    this.#done++;
    if ('error' in outcome) this.#failed.add(index);
  }

  async #append(line: string | Buffer): Promise<void> {
    try {
      await this.#file.appendFile(line);
    } catch (cause) {
      throw unwritable(this.path, cause);
    }
    this.#end += Buffer.byteLength(line);
  }

  async read(index: number): Promise<Outcome> {
    const bytes = Buffer.alloc(this.#lengths[index] as number);
    await this.#file.read(bytes, 0, bytes.length, this.#offsets[index] as number);
    try {
      const [place, outcome] = JSON.parse(bytes.toString('utf8')) as [number, Outcome];
      if (place === index) return outcome;
    } catch {}
    throw new RerankError('DATASET_CORRUPT', `${this.path}: another run wrote to it; remove it, and run one at a time`);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }
}

function headerOf(path: string, line: Buffer): Fingerprint {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch (cause) {
    throw corrupt(path, 1, `expected a journal: ${(cause as Error).message}`);
  }
}
