import { RerankError } from '../errors.js';
import type { ModelFile } from './model-file.js';

const FIRST_READ = 1 << 20;
/** Vocabularies of 250,000 tokens take 10 MB. */
const LARGEST_HEADER = 64 << 20;

/** Takes a problem that was found: throws it, or keeps it so that all are found. */
export type Report = (problem: RerankError) => void;

/**
 * Reads a header from its beginning, in pieces. Nothing that the file says about its own lengths is believed beyond its size, and
 * no buffer becomes larger than 64 MiB.
 */
export class HeaderReader {
  offset = 0;
  /** What is being read, for messages. */
  place = 'the header';
  #buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(private readonly file: ModelFile) {}

  /** What has been read so far; offsets stay valid as it grows. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  /** Whether `length` bytes at `offset` are there already. */
  has(length: number): boolean {
    return this.offset + length <= this.#filled;
  }

  /**
   * Makes sure that `length` bytes at `offset` are there.
   *
   * @throws RerankError MODEL_TRUNCATED when the file ends before them, MODEL_CORRUPT when a header cannot be that large
   */
  async need(length: number): Promise<void> {
    if (this.has(length)) return;
    const end = this.offset + length;
    if (end > LARGEST_HEADER) throw this.corrupt(`${this.place} reaches to byte ${end}, where no header ends`);
    if (end > this.file.size) throw this.truncated(end);
    const size = Math.max(end, Math.min(Math.max(FIRST_READ, this.#buffer.length * 2), LARGEST_HEADER, this.file.size));
    if (size > this.#buffer.length) {
      const grown = Buffer.alloc(size);
      this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    this.#filled += await this.file.read(this.#buffer.subarray(this.#filled, size), this.#filled);
    if (this.#filled < end) throw this.truncated(end);
  }

  /** The next number of 32 bits; `need` it first. */
  u32(): number {
    this.offset += 4;
    return this.#buffer.readUInt32LE(this.offset - 4);
  }

  /** The next length or count; `need` it first. Those beyond 2^53 lose digits, and are beyond every limit. */
  u64(): number {
    this.offset += 8;
    return Number(this.#buffer.readBigUInt64LE(this.offset - 8));
  }

  /** A string of at most `limit` bytes, which may be the whole file. */
  async string(limit: number): Promise<string> {
    await this.need(8);
    const length = this.u64();
    if (length > limit) throw this.corrupt(`${this.place} holds a text of ${length} bytes, more than ${limit}`);
    await this.need(length);
    this.offset += length;
    return this.#buffer.toString('utf8', this.offset - length, this.offset);
  }

  corrupt(what: string): RerankError {
    return new RerankError('MODEL_CORRUPT', `${this.file.path}: ${what}. The file is damaged; fetch it again`);
  }

  truncated(expected: number): RerankError {
    return new RerankError(
      'MODEL_TRUNCATED',
      `${this.file.path} is cut off: ${this.place} needs at least ${expected} bytes, the file has ${this.file.size}. Fetch it again`,
    );
  }
}
