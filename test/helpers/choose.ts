import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type ModelOptions, makeModel } from '../../scripts/model/make.mjs';
import { checkModel } from '../../src/files/check/check.js';
import { openModelFile } from '../../src/files/model-file.js';
import type { Candidate, FamilyChoice } from '../../src/models/candidate.js';
import { chooseFamily } from '../../src/models/choose.js';
import { type Pieces, putTogether, takeApart } from './gguf-pieces.mjs';

/** A folder that is gone after the tests. */
export function temporaryFolder(): () => string {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'models-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}

/** A tiny model in a folder of its own below `folder`. */
export async function makeTiny(folder: string, options: Partial<ModelOptions>, name = 'm.gguf'): Promise<string> {
  return (await makeModel({ output: join(mkdtempSync(join(folder, 'a-')), name), tiny: true, ...options })).model;
}

export function change(path: string, how: (pieces: Pieces) => Pieces): string {
  writeFileSync(path, putTogether(how(takeApart(readFileSync(path)))));
  return path;
}

/** What a model file is taken for. */
export async function choose(path: string, options: Partial<Candidate> = {}): Promise<FamilyChoice> {
  const file = await openModelFile(path);
  try {
    return await chooseFamily({ model: await checkModel(file), file, head: undefined, known: undefined, ...options });
  } finally {
    await file.close();
  }
}

/** With a tensor of zeros in F32 added, or in place of the one of that name. */
export function withTensor(pieces: Pieces, name: string, shape: readonly number[]): Pieces {
  const { tensors, data } = without(pieces, name);
  const offset = Math.ceil(data.length / 32) * 32;
  const bytes = 4 * shape.reduce((a, b) => a * b, 1);
  const tensor = { name: Buffer.from(name), shape: shape.map(BigInt), type: 0, offset: BigInt(offset) };
  return { ...pieces, tensors: [...tensors, tensor], data: Buffer.concat([data, Buffer.alloc(offset - data.length + bytes)]) };
}

function without({ tensors, data }: Pieces, name: string): Pick<Pieces, 'tensors' | 'data'> {
  const gone = tensors.find((tensor) => String(tensor.name) === name);
  if (gone === undefined) return { tensors, data };
  const begin = Number(gone.offset);
  const end = Math.min(data.length, ...tensors.map(({ offset }) => Number(offset)).filter((offset) => offset > begin));
  const moved = tensors
    .filter((tensor) => tensor !== gone)
    .map((tensor) => {
      return Number(tensor.offset) < end ? tensor : { ...tensor, offset: tensor.offset - BigInt(end - begin) };
    });
  return { tensors: moved, data: Buffer.concat([data.subarray(0, begin), data.subarray(end)]) };
}
