import type { HeaderReader, Report } from './header-reader.js';
import { shown } from './shown.js';
import { tensorType } from './tensor-types.js';

export interface GgufTensor {
  name: string;
  /** Elements of each dimension, the row's length first, as ggml counts. */
  shape: number[];
  /** For example `Q8_0`. */
  type: string;
  /** Bytes from the start of the file. */
  offset: number;
  /** 0 where the type is unknown or the shape impossible. */
  bytes: number;
}

const LONGEST_NAME = 63;
const MOST_DIMENSIONS = 4;

/** Reads the list of tensors; offsets count from where the data begins. */
export async function readTensors(reader: HeaderReader, count: number, report: Report): Promise<GgufTensor[]> {
  const tensors = new Map<string, GgufTensor>();
  for (let i = 1; i <= count; i++) {
    reader.place = `tensor ${i} of ${count}`;
    const name = await reader.string(LONGEST_NAME);
    reader.place = `tensor ${shown(name)}`;
    const tensor = { name, ...(await readShape(reader, report)), offset: 0 };
    await reader.need(8);
    tensor.offset = reader.u64();
    if (tensors.has(name)) report(reader.corrupt(`${reader.place} is there twice`));
    else tensors.set(name, tensor);
  }
  return [...tensors.values()];
}

async function readShape(reader: HeaderReader, report: Report): Promise<Pick<GgufTensor, 'shape' | 'type' | 'bytes'>> {
  await reader.need(4);
  const dimensions = reader.u32();
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
    throw reader.corrupt(`${reader.place} has ${dimensions} dimensions, expected 1 to ${MOST_DIMENSIONS}`);
  }
  await reader.need(dimensions * 8 + 4);
  const shape = Array.from({ length: dimensions }, () => reader.u64());
  const id = reader.u32();
  const type = tensorType(id);
  if (type === undefined) {
    report(reader.corrupt(`${reader.place} has type ${id}, which ggml does not know`));
    return { shape, type: `type ${id}`, bytes: 0 };
  }
  const total = elements(shape);
  if (!Number.isSafeInteger(total * type.bytes) || total === 0 || (shape[0] as number) % type.block !== 0) {
    report(reader.corrupt(`${reader.place} has the shape [${shape.join(', ')}], which ${type.name} cannot have`));
    return { shape, type: type.name, bytes: 0 };
  }
  return { shape, type: type.name, bytes: (total / type.block) * type.bytes };
}

/** Elements of a tensor of this shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
