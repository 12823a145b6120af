import { RerankError } from '../errors.js';
import { foreignFormat } from './foreign-format.js';
import { type GgufValue, HeaderCursor } from './header-cursor.js';
import { tensorType } from './tensor-types.js';

export interface GgufTensor {
  name: string;
  /** Elements of each dimension, the row's length first, as ggml counts. */
  shape: number[];
  /** For example `Q8_0`. */
  type: string;
  /** Bytes from the start of the file. */
  offset: number;
  bytes: number;
}

export interface GgufHeader {
  version: number;
  /** In the order of the file. Integers of 64 bits are numbers where a number holds them exactly, else bigints. */
  metadata: Map<string, GgufValue>;
  tensors: GgufTensor[];
  /** Elements of all tensors. */
  parameters: number;
  /** Where the tensors' data begins. */
  dataOffset: number;
  /** Size of the file. */
  fileBytes: number;
  /** Size that the tensors need; more than `fileBytes` means that the file is cut off. */
  expectedBytes: number;
}

const MOST_ENTRIES = 65_536;
const MOST_DIMENSIONS = 4;

/**
 * Parses the beginning of a GGUF file. `bytes` may stop anywhere: the parser asks for more by throwing HeaderContinues, but
 * only within `fileSize`.
 */
export function parseHeader(bytes: Uint8Array, fileSize: number, path: string): GgufHeader {
  const version = checkFormat(bytes, path);
  const cursor = new HeaderCursor(bytes, fileSize, path);
  cursor.offset = 8;
  const tensorCount = readCount(cursor, 'tensors');
  const metadata = readMetadata(cursor, readCount(cursor, 'metadata entries'));
  const alignment = readAlignment(cursor, metadata);
  const tensors = readTensors(cursor, tensorCount);

  const dataOffset = Math.ceil(cursor.offset / alignment) * alignment;
  for (const tensor of tensors) tensor.offset += dataOffset;
  const expectedBytes = tensors.reduce((end, tensor) => Math.max(end, tensor.offset + tensor.bytes), dataOffset);
  const parameters = tensors.reduce((sum, tensor) => sum + elements(tensor.shape), 0);
  return { version, metadata, tensors, parameters, dataOffset, fileBytes: fileSize, expectedBytes };
}

function checkFormat(bytes: Uint8Array, path: string): number {
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== 'GGUF') {
    throw new RerankError('MODEL_BAD_MAGIC', `${path} is not a GGUF file: it is ${foreignFormat(bytes)}`);
  }
  if (bytes.length < 8) throw new RerankError('MODEL_UNREADABLE', `${path} ends after ${bytes.length} bytes: it is cut off`);
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (version !== 2 && version !== 3) {
    const bigEndian = version !== 0 && (version & 0xffff) === 0;
    const found = bigEndian ? 'is a big-endian GGUF file' : `has GGUF version ${version}`;
    throw new RerankError('MODEL_BAD_MAGIC', `${path} ${found}: versions 2 and 3, little-endian, are supported`);
  }
  return version;
}

function readCount(cursor: HeaderCursor, what: string): number {
  const count = cursor.u64();
  if (count > MOST_ENTRIES) throw cursor.fail(`the header counts ${count} ${what}, more than ${MOST_ENTRIES}`);
  return count;
}

function readMetadata(cursor: HeaderCursor, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 1; i <= count; i++) {
    cursor.place = `metadata entry ${i} of ${count}`;
    const key = cursor.string();
    if (key === '') throw cursor.fail(`${cursor.place} has no name`);
    if (metadata.has(key)) throw cursor.fail(`metadata entry ${key} is there twice`);
    cursor.place = `metadata entry ${key}`;
    metadata.set(key, cursor.value());
  }
  return metadata;
}

function readAlignment(cursor: HeaderCursor, metadata: Map<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || alignment < 1 || alignment > 65_536 || !Number.isInteger(Math.log2(alignment))) {
    throw cursor.fail(`general.alignment must be a power of two up to 65536, not ${String(alignment).slice(0, 40)}`);
  }
  return alignment;
}

function readTensors(cursor: HeaderCursor, count: number): GgufTensor[] {
  const tensors = new Map<string, GgufTensor>();
  for (let i = 1; i <= count; i++) {
    cursor.place = `tensor ${i} of ${count}`;
    const name = cursor.string();
    if (tensors.has(name)) throw cursor.fail(`tensor ${name} is there twice`);
    cursor.place = `tensor ${name}`;
    tensors.set(name, { name, ...readShape(cursor), offset: cursor.u64() });
  }
  return [...tensors.values()];
}

function readShape(cursor: HeaderCursor): Pick<GgufTensor, 'shape' | 'type' | 'bytes'> {
  const dimensions = cursor.u32();
  if (dimensions > MOST_DIMENSIONS) {
    throw cursor.fail(`${cursor.place} has ${dimensions} dimensions, more than ${MOST_DIMENSIONS}`);
  }
  const shape = Array.from({ length: dimensions }, () => cursor.u64());
  const id = cursor.u32();
  const type = tensorType(id);
  if (type === undefined) throw cursor.fail(`${cursor.place} has type ${id}, which ggml does not know`);
  const total = elements(shape);
  if (!Number.isSafeInteger(total) || total === 0 || (shape[0] ?? 1) % type.block !== 0) {
    throw cursor.fail(`${cursor.place} has the shape [${shape.join(', ')}], which ${type.name} cannot have`);
  }
  return { shape, type: type.name, bytes: (total / type.block) * type.bytes };
}

function elements(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
