import { setImmediate } from 'node:timers/promises';
import { GGUF_TYPES, GgufArray, type GgufEntry, LEAST_BYTES, type ScalarType, scalarAt } from './gguf-values.js';
import type { HeaderReader, Report } from './header-reader.js';
import { shown } from './shown.js';

const LONGEST_KEY = 256;
const LONGEST_TEXT = 64 << 20;
const LONGEST_TEMPLATE = 1 << 20;
const MOST_ELEMENTS = 4 << 20;
/** Strings after which other work gets its turn. */
const TURN = 16_384;

/** Reads the metadata. An entry that is there twice is reported, and the first kept. */
export async function readMetadata(reader: HeaderReader, count: number, report: Report): Promise<Map<string, GgufEntry>> {
  const metadata = new Map<string, GgufEntry>();
  for (let i = 1; i <= count; i++) {
    reader.place = `metadata entry ${i} of ${count}`;
    const key = await reader.string(LONGEST_KEY);
    if (key === '') throw reader.corrupt(`${reader.place} has no name`);
    reader.place = `metadata entry ${shown(key)}`;
    // llama.cpp compares keys up to there: this one would hide another.
    if (key.includes('\0')) throw reader.corrupt(`${reader.place} has a name with a zero byte`);
    const entry = await readEntry(reader, key.startsWith('tokenizer.chat_template') ? LONGEST_TEMPLATE : LONGEST_TEXT);
    if (metadata.has(key)) report(reader.corrupt(`${reader.place} is there twice`));
    else metadata.set(key, entry);
  }
  return metadata;
}

async function readEntry(reader: HeaderReader, longest: number): Promise<GgufEntry> {
  const type = await readType(reader);
  if (type === 'array') return { type, value: await readArray(reader) };
  if (type === 'string') return { type, value: await reader.string(longest) };
  await reader.need(LEAST_BYTES[type]);
  const value = scalarAt(reader.bytes, type, reader.offset);
  reader.offset += LEAST_BYTES[type];
  return { type, value };
}

async function readType(reader: HeaderReader): Promise<ScalarType | 'array'> {
  await reader.need(4);
  const id = reader.u32();
  const type = GGUF_TYPES[id];
  if (type === undefined) throw reader.corrupt(`${reader.place} has the unknown type ${id}`);
  return type;
}

async function readArray(reader: HeaderReader): Promise<GgufArray> {
  const type = await readType(reader);
  if (type === 'array') throw reader.corrupt(`${reader.place} is a list of lists`);
  await reader.need(8);
  const length = reader.u64();
  if (length > MOST_ELEMENTS) throw reader.corrupt(`${reader.place} has ${length} elements, more than ${MOST_ELEMENTS}`);
  await reader.need(length * LEAST_BYTES[type]);
  const first = reader.offset;
  if (type === 'string') return new GgufArray(type, length, reader, first, await passStrings(reader, length));
  reader.offset += length * LEAST_BYTES[type];
  return new GgufArray(type, length, reader, first);
}

/** Goes past a list of strings; returns where each begins. */
async function passStrings(reader: HeaderReader, count: number): Promise<Uint32Array> {
  const starts = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    if (i % TURN === TURN - 1) await setImmediate();
    if (!reader.has(8)) await reader.need(8);
    const { bytes, offset } = reader;
    if (bytes.readUInt32LE(offset + 4) !== 0) throw reader.corrupt(`${reader.place}, element ${i}: a text of 4 GB and more`);
    const length = 8 + bytes.readUInt32LE(offset);
    if (!reader.has(length)) await reader.need(length);
    starts[i] = offset;
    reader.offset += length;
  }
  return starts;
}
