import { RerankError } from '../errors.js';

export type GgufScalar = string | number | bigint | boolean;
export type GgufValue = GgufScalar | GgufScalar[];

/** Thrown when the header goes on behind the bytes that were given: it needs them up to `end` at least. */
export class HeaderContinues {
  constructor(readonly end: number) {}
}

const STRING = 8;
const ARRAY = 9;
const MOST_ELEMENTS = 4_194_304;
/** Bytes that a value of each type takes at least (`enum gguf_type` in gguf.h). */
const SIZES: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, [STRING]: 8, 10: 8, 11: 8, 12: 8 };

/**
 * Reads the values of a GGUF header one after another. No length that the file states is believed beyond the file's size;
 * a read behind the given bytes, but within the file, throws HeaderContinues.
 */
export class HeaderCursor {
  offset = 0;
  /** What is being read, for messages. */
  place = 'the header';
  readonly #view: DataView;
  readonly #decoder = new TextDecoder();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly fileSize: number,
    private readonly path: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(what: string): RerankError {
    return new RerankError('MODEL_UNREADABLE', `${this.path}: ${what}`);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Lengths and counts: those beyond 2^53 lose digits, and are beyond every limit. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  string(): string {
    const length = this.u64();
    const start = this.#take(length);
    return this.#decoder.decode(this.bytes.subarray(start, start + length));
  }

  /** A value of metadata, after its type. */
  value(): GgufValue {
    const type = this.u32();
    return type === ARRAY ? this.#array() : this.#scalar(this.#known(type));
  }

  #take(length: number): number {
    const end = this.offset + length;
    if (end > this.fileSize) {
      throw this.fail(`${this.place} reaches beyond the end of the file (${this.fileSize} bytes): it is cut off or damaged`);
    }
    if (end > this.bytes.length) throw new HeaderContinues(end);
    const start = this.offset;
    this.offset = end;
    return start;
  }

  #known(type: number): number {
    if (SIZES[type] === undefined) throw this.fail(`${this.place} has the unknown type ${type}`);
    return type;
  }

  #array(): GgufScalar[] {
    const type = this.#known(this.u32());
    const count = this.u64();
    if (count > MOST_ELEMENTS) throw this.fail(`${this.place} has ${count} elements, more than ${MOST_ELEMENTS}`);
    if (this.offset + count * (SIZES[type] ?? 1) > this.fileSize) {
      throw this.fail(`${this.place} has ${count} elements, more than the rest of the file holds`);
    }
    return Array.from({ length: count }, () => this.#scalar(type));
  }

  #scalar(type: number): GgufScalar {
    if (type === STRING) return this.string();
    const at = this.#take(SIZES[type] ?? 1);
    switch (type) {
      case 0:
        return this.#view.getUint8(at);
      case 1:
        return this.#view.getInt8(at);
      case 2:
        return this.#view.getUint16(at, true);
      case 3:
        return this.#view.getInt16(at, true);
      case 4:
        return this.#view.getUint32(at, true);
      case 5:
        return this.#view.getInt32(at, true);
      case 6:
        return this.#view.getFloat32(at, true);
      case 7:
        return this.#view.getUint8(at) !== 0;
      case 10:
        return exact(this.#view.getBigUint64(at, true));
      case 11:
        return exact(this.#view.getBigInt64(at, true));
      default:
        return this.#view.getFloat64(at, true);
    }
  }
}

function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
