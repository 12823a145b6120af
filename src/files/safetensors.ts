import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { RerankError } from '../errors.js';

/** A tensor as 32-bit numbers in row-major order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Heads are a few megabytes; what is beyond this is none. */
const MAX_READ_BYTES = 256 << 20;
const MAX_HEADER_BYTES = 1 << 20;

const SIZES: Record<string, number> = { F32: 4, F16: 2, BF16: 2 };

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Reads a safetensors file: all of its tensors, or those that are `wanted`, of a file of any size. Everything the format demands is checked:
 * the header's size and form, no name twice, offsets that follow each other without hole or overlap to the end of the file, and for
 * the tensors that are read F32, F16 or BF16 and finite values.
 *
 * Format: https://github.com/huggingface/safetensors#format
 *
 * @throws RerankError PROJECTOR_NOT_FOUND, PROJECTOR_CORRUPT
 */
export async function readSafetensors(path: string, wanted?: ReadonlySet<string>): Promise<Map<string, Tensor>> {
  const corrupt = (what: string) => new RerankError('PROJECTOR_CORRUPT', `${path}: ${what}. Fetch the file again`);
  const notFound = (cause: unknown) =>
    new RerankError('PROJECTOR_NOT_FOUND', `${path}: the head file cannot be read (${(cause as Error).message})`, { cause });
  // Without O_NONBLOCK (which Windows has not), opening a named pipe that nobody writes to never returns.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause) => {
    throw notFound(cause);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw corrupt('expected a regular file');
    const most = wanted ? Number.MAX_SAFE_INTEGER : MAX_READ_BYTES;
    if (stat.size < 10 || stat.size > most) throw corrupt(`expected 10 to ${most} bytes, found ${stat.size}`);
    const read = async (from: number, to: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(to - from);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
      if (bytesRead < bytes.length) throw corrupt('it became shorter meanwhile');
      return bytes;
    };
    return await readTensors(read, stat.size, wanted, corrupt);
  } finally {
    await file.close();
  }
}

type Corrupt = (what: string) => RerankError;

async function readTensors(
  read: (from: number, to: number) => Promise<Buffer>,
  size: number,
  wanted: ReadonlySet<string> | undefined,
  corrupt: Corrupt,
): Promise<Map<string, Tensor>> {
  const length = (await read(0, 8)).readBigUInt64LE();
  if (length < 2n || length > BigInt(Math.min(MAX_HEADER_BYTES, size - 8))) {
    throw corrupt(`the header claims ${length} bytes, the file has ${size}: not a safetensors file, or cut short`);
  }
  const begin = 8 + Number(length);
  const entries = parseHeader(await read(8, begin), corrupt);
  const tensors = new Map<string, Tensor>();
  let expected = 0;
  let taken = 0;
  for (const [name, entry] of entries.sort(byPlace)) {
    const [from, to] = entry.data_offsets;
    if (from !== expected) throw corrupt(`tensor ${name} begins at ${from}, expected ${expected}`);
    if (begin + to > size) throw corrupt(`tensor ${name} ends at ${to}, the data has ${size - begin} bytes`);
    expected = to;
    if (wanted && !wanted.has(name)) continue;
    taken += to - from;
    if (taken > MAX_READ_BYTES) throw corrupt(`tensor ${name} has ${to - from} bytes, more than a head has`);
    checkSize(name, entry, corrupt);
    tensors.set(name, { shape: entry.shape, values: decode(name, entry, await read(begin + from, begin + to), corrupt) });
  }
  if (begin + expected !== size) throw corrupt(`${size - begin - expected} bytes follow the last tensor`);
  return tensors;
}

/** Tensors without values lie before what begins where they do. */
function byPlace([, a]: [string, Entry], [, b]: [string, Entry]): number {
  return a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1];
}

function parseHeader(bytes: Buffer, corrupt: Corrupt): [string, Entry][] {
  let header: Record<string, unknown>;
  let repeated: boolean;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
    // JSON.parse keeps the last of two members of one name, and other readers the first.
    repeated = countNames(text) !== countMembers(header);
  } catch (cause) {
    throw corrupt(`the header is no JSON (${(cause as Error).message})`);
  }
  if (bytes[0] !== 0x7b) throw corrupt('the header is no JSON object');
  if (repeated) throw corrupt('the header holds a name twice');
  const { __metadata__: metadata, ...tensors } = header;
  if (metadata !== undefined && !isTextRecord(metadata)) throw corrupt('__metadata__ is no object of strings');
  const entries = Object.entries(tensors as Record<string, Entry>);
  for (const [name, entry] of entries) {
    const { dtype, shape, data_offsets: offsets, ...others } = entry ?? {};
    const integers = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    const whole = typeof dtype === 'string' && integers(shape) && integers(offsets) && Object.keys(others).length === 0;
    if (!whole || offsets.length !== 2 || (offsets[0] as number) > (offsets[1] as number)) {
      throw corrupt(`tensor ${name} has no valid dtype, shape and data_offsets`);
    }
  }
  return entries;
}

/** Strings in a JSON text that a colon follows. */
function countNames(text: string): number {
  let count = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon) count++;
  return count;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const values = Object.values(value);
  return values.reduce((sum: number, member) => sum + countMembers(member), Array.isArray(value) ? 0 : values.length);
}

function isTextRecord(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

function checkSize(name: string, { dtype, shape, data_offsets: [from, to] }: Entry, corrupt: Corrupt): void {
  const size = Object.hasOwn(SIZES, dtype) ? SIZES[dtype] : undefined;
  if (!size) throw corrupt(`tensor ${name} has type ${dtype}, expected F32, F16 or BF16`);
  const bytes = shape.reduce((product, n) => product * n, size);
  if (bytes !== to - from) throw corrupt(`tensor ${name} of shape [${shape}] needs ${bytes} bytes, has ${to - from}`);
}

function decode(name: string, { dtype }: Entry, bytes: Buffer, corrupt: Corrupt): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = SIZES[dtype] as number;
  const read = {
    F32: (at: number) => view.getFloat32(at, true),
    F16: (at: number) => float16(view.getUint16(at, true)),
    BF16: (at: number) => bfloat16(view.getUint16(at, true)),
  }[dtype as 'F32' | 'F16' | 'BF16'];
  const values = new Float32Array(bytes.length / size);
  for (let i = 0; i < values.length; i++) {
    const value = read(i * size);
    if (!Number.isFinite(value)) throw corrupt(`tensor ${name} holds a value that is not finite`);
    values[i] = value;
  }
  return values;
}

function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

const word = new DataView(new ArrayBuffer(4));

function bfloat16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
