import { RerankError } from '../errors.js';
import { foreignFormat } from './foreign-format.js';
import { readMetadata } from './gguf-metadata.js';
import { type GgufTensor, readTensors } from './gguf-tensors.js';
import type { GgufEntry } from './gguf-values.js';
import { HeaderReader, type Report } from './header-reader.js';
import type { ModelFile } from './model-file.js';

/** The header of a GGUF file, as it is in the file. */
export interface RawHeader {
  readonly version: number;
  /** In the order of the file. */
  readonly metadata: ReadonlyMap<string, GgufEntry>;
  readonly tensors: readonly GgufTensor[];
  /** Where the tensors' data begins. */
  readonly dataOffset: number;
  /** Size that the tensors need; more than the file's means that it is cut off. */
  readonly expectedBytes: number;
}

const LEAST_FILE = 32;
const MOST_COUNT = 4096;
const ALIGNMENT = { usual: 32, least: 32, most: 4096 };

/**
 * Reads and checks the header of a GGUF file (version 2 or 3). What makes the rest of the header unreadable is thrown; what does
 * not goes to `report`.
 *
 * @throws RerankError MODEL_BAD_MAGIC, MODEL_BAD_VERSION, MODEL_TRUNCATED, MODEL_CORRUPT, MODEL_UNREADABLE
 */
export async function readHeader(file: ModelFile, report: Report): Promise<RawHeader> {
  const reader = new HeaderReader(file);
  const version = await readVersion(file, reader);
  const tensorCount = await readCount(reader, 'tensors');
  const metadata = await readMetadata(reader, await readCount(reader, 'metadata entries'), report);
  const alignment = readAlignment(reader, metadata, report);
  const tensors = await readTensors(reader, tensorCount, report);
  const dataOffset = Math.ceil(reader.offset / alignment) * alignment;
  const expectedBytes = placeTensors(reader, tensors, dataOffset, alignment, report);
  if (expectedBytes > file.size) {
    const missing = `its tensors need ${expectedBytes} bytes, it has ${file.size}`;
    report(new RerankError('MODEL_TRUNCATED', `${file.path} is cut off: ${missing}. Fetch it again`));
  }
  return { version, metadata, tensors, dataOffset, expectedBytes };
}

async function readVersion(file: ModelFile, reader: HeaderReader): Promise<number> {
  const start = Buffer.alloc(64);
  const length = await file.read(start, 0);
  if (start.toString('latin1', 0, 4) !== 'GGUF') {
    const found = foreignFormat(start.subarray(0, length));
    throw new RerankError('MODEL_BAD_MAGIC', `${file.path} is not a GGUF file: it is ${found}`);
  }
  if (length < 8) throw reader.truncated(LEAST_FILE);
  const version = start.readUInt32LE(4);
  if (version !== 2 && version !== 3) {
    const bigEndian = version !== 0 && (version & 0xffff) === 0;
    const found = bigEndian ? 'is a big-endian GGUF file' : `has GGUF version ${version}`;
    const advice = 'versions 2 and 3, little-endian, are supported. Convert the model again';
    throw new RerankError('MODEL_BAD_VERSION', `${file.path} ${found}: ${advice}`);
  }
  if (file.size < LEAST_FILE) throw reader.truncated(LEAST_FILE);
  reader.offset = 8;
  return version;
}

async function readCount(reader: HeaderReader, what: string): Promise<number> {
  await reader.need(8);
  const count = reader.u64();
  if (count > MOST_COUNT) throw reader.corrupt(`the header counts ${count} ${what}, more than ${MOST_COUNT}`);
  return count;
}

function readAlignment(reader: HeaderReader, metadata: ReadonlyMap<string, GgufEntry>, report: Report): number {
  const entry = metadata.get('general.alignment');
  if (entry === undefined) return ALIGNMENT.usual;
  const { type, value } = entry;
  const { least, most } = ALIGNMENT;
  if (type === 'u32' && (value as number) >= least && (value as number) <= most && Number.isInteger(Math.log2(value as number))) {
    return value as number;
  }
  const found = typeof value === 'object' ? 'a list' : `${String(value).slice(0, 40)} (${type})`;
  report(reader.corrupt(`general.alignment is ${found}, expected a power of two from ${least} to ${most} (u32)`));
  return ALIGNMENT.usual;
}

/** Turns the tensors' offsets into places in the file, and checks that each begins where the one before it ends. */
function placeTensors(
  reader: HeaderReader,
  tensors: readonly GgufTensor[],
  dataOffset: number,
  alignment: number,
  report: Report,
): number {
  let next = 0;
  let end = 0;
  let inOrder = true;
  for (const tensor of tensors) {
    // After a gap, or a tensor of unknown size, all others are off as well.
    if (inOrder && tensor.offset !== next) {
      report(reader.corrupt(`the data of tensor ${tensor.name} begins at ${tensor.offset}, expected ${next}`));
      inOrder = false;
    }
    if (tensor.bytes === 0) inOrder = false;
    end = Math.max(end, tensor.offset + tensor.bytes);
    next = Math.ceil((tensor.offset + tensor.bytes) / alignment) * alignment;
    tensor.offset += dataOffset;
  }
  return dataOffset + end;
}
