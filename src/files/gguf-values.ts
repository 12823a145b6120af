/** Types of a value in a GGUF header, by their number (`enum gguf_type` in gguf.h). */
export const GGUF_TYPES = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;

export type GgufType = (typeof GGUF_TYPES)[number];
export type GgufScalar = string | number | bigint | boolean;
export type GgufValue = GgufScalar | GgufScalar[];

/** Bytes that a value takes at least: a string is its length and its bytes. */
export const LEAST_BYTES: Readonly<Record<Exclude<GgufType, 'array'>, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  string: 8,
  u64: 8,
  i64: 8,
  f64: 8,
};

export type ScalarType = keyof typeof LEAST_BYTES;

/** The value of this type at `offset`; for a string, its bytes follow its length of 8 bytes. */
export function scalarAt(bytes: Buffer, type: ScalarType, offset: number): GgufScalar {
  switch (type) {
    case 'u8':
      return bytes.readUInt8(offset);
    case 'i8':
      return bytes.readInt8(offset);
    case 'u16':
      return bytes.readUInt16LE(offset);
    case 'i16':
      return bytes.readInt16LE(offset);
    case 'u32':
      return bytes.readUInt32LE(offset);
    case 'i32':
      return bytes.readInt32LE(offset);
    case 'f32':
      return bytes.readFloatLE(offset);
    case 'bool':
      return bytes.readUInt8(offset) !== 0;
    case 'string':
      return bytes.toString('utf8', offset + 8, offset + 8 + Number(bytes.readBigUInt64LE(offset)));
    case 'u64':
      return exact(bytes.readBigUInt64LE(offset));
    case 'i64':
      return exact(bytes.readBigInt64LE(offset));
    case 'f64':
      return bytes.readDoubleLE(offset);
  }
}

function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A list in a header. Its elements become JavaScript values only when they are asked for: vocabularies have 250,000. */
export class GgufArray {
  /**
   * @param source holds the header's bytes
   * @param starts where each element begins; without it, they follow each other from `first`
   */
  constructor(
    readonly type: ScalarType,
    readonly length: number,
    private readonly source: { readonly bytes: Buffer },
    private readonly first: number,
    private readonly starts?: Uint32Array,
  ) {}

  at(index: number): GgufScalar {
    return scalarAt(this.source.bytes, this.type, this.#start(index));
  }

  /** The header's bytes, for `begin` and `end`. */
  get bytes(): Buffer {
    return this.source.bytes;
  }

  /** Where the bytes of a string begin in `bytes`. */
  begin(index: number): number {
    return this.#start(index) + 8;
  }

  /** Where the bytes of a string end in `bytes`. */
  end(index: number): number {
    const start = this.#start(index);
    return start + 8 + this.source.bytes.readUInt32LE(start);
  }

  /** The bytes of a string, one character each: strings that differ only in invalid UTF-8 stay apart. */
  rawText(index: number): string {
    return this.source.bytes.toString('latin1', this.begin(index), this.end(index));
  }

  /** `rawText` of elements `from` to `to`. */
  rawSlice(from: number, to: number): string[] {
    return Array.from({ length: to - from }, (_, i) => this.rawText(from + i));
  }

  /** A list of i32 as numbers. */
  int32s(): Int32Array {
    // Copied, since numbers must lie at a multiple of their size.
    const bytes = Uint8Array.from(this.source.bytes.subarray(this.first, this.first + this.length * 4));
    return new Int32Array(bytes.buffer);
  }

  /** A list of f32 as numbers. */
  float32s(): Float32Array {
    const bytes = Uint8Array.from(this.source.bytes.subarray(this.first, this.first + this.length * 4));
    return new Float32Array(bytes.buffer);
  }

  /** A list of u8 or i8 as bytes. */
  uint8s(): Uint8Array {
    return this.source.bytes.subarray(this.first, this.first + this.length);
  }

  /** Elements `from` to `to`. */
  slice(from = 0, to = this.length): GgufScalar[] {
    return Array.from({ length: Math.min(to, this.length) - from }, (_, i) => this.at(from + i));
  }

  #start(index: number): number {
    return this.starts ? (this.starts[index] as number) : this.first + index * LEAST_BYTES[this.type];
  }
}

/** One value of the metadata, with its type in the file. */
export interface GgufEntry {
  readonly type: GgufType;
  readonly value: GgufScalar | GgufArray;
}
