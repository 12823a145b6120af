import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addonIsBuilt, openAddon } from '../../scripts/model/addon.mjs';
import { tensorBytes } from '../../scripts/model/gguf-format.mjs';
import { type ModelOptions, makeModel } from '../../scripts/model/make.mjs';
import { encodeFloat } from '../../scripts/model/number-formats.mjs';
import { readGguf } from '../../scripts/model/read-gguf.mjs';
import { FULL, type Kind, TINY } from '../../scripts/model/shapes.mjs';
import type { NativeAddon, NativeModelInfo } from '../../src/engine/addon.js';

const kinds = Object.keys(FULL) as Kind[];

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'make-model-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A tiny model in a fresh file. */
async function make(options: Partial<ModelOptions>) {
  const base = join(folder, `${count++}`);
  return makeModel({ output: `${base}.gguf`, projector: `${base}.safetensors`, tiny: true, ...options });
}

function floats(bytes: Buffer): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** Tensors of a safetensors file in F32. */
function readProjector(path: string) {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString('utf8', 8, start),
  );
  return Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      return { name, dtype, shape, data: bytes.subarray(start + from, start + to) };
    },
  );
}

describe.each(kinds)('%s', (kind) => {
  test('has its tensors one after another, aligned, up to the end of the file', async () => {
    const { model, bytes } = await make({ kind });
    const { tensors, size } = readGguf(model);
    expect(bytes).toBe(size);
    for (const [i, { offset, bytes, type, shape }] of tensors.entries()) {
      expect(offset % 32).toBe(0);
      expect(bytes).toBe(tensorBytes(type, shape));
      const end = tensors[i + 1]?.offset ?? size;
      expect(end - (offset + bytes)).toBeGreaterThanOrEqual(0);
      expect(end - (offset + bytes)).toBeLessThan(32);
    }
  });

  test('is the same file for the same seed, another for another', async () => {
    const output = join(folder, `${kind}.gguf`);
    const write = async (seed: number) => {
      await makeModel({ output, kind, tiny: true, seed, projector: join(folder, 'seed.safetensors') });
      return readFileSync(output);
    };
    const first = await write(7);
    expect(first.equals(await write(7))).toBe(true);
    expect(first.equals(await write(8))).toBe(false);
  });

  test('has a row of embeddings for every token', async () => {
    const { metadata, tensors } = readGguf((await make({ kind, vocabulary: 700 })).model);
    expect(metadata.get('tokenizer.ggml.tokens')?.value).toHaveLength(700);
    expect(metadata.get('tokenizer.ggml.token_type')?.value).toHaveLength(700);
    expect(tensors.find(({ name }) => name === 'token_embd.weight')?.shape[1]).toBe(700);
  });

  test('takes over the vocabulary of another file', async () => {
    const source = readGguf((await make({ kind, vocabulary: 400 })).model).metadata;
    const copy = readGguf((await make({ kind, vocab: (await make({ kind, vocabulary: 400 })).model })).model).metadata;
    for (const [key, value] of source) if (key.startsWith('tokenizer.')) expect(copy.get(key), key).toEqual(value);
  });

  test.runIf(kind !== 'bert')('can do without its head', async () => {
    const made = await make({ kind, noHead: true });
    expect(made.projector).toBeNull();
    expect(readGguf(made.model).tensors.filter(({ name }) => name.startsWith('cls'))).toEqual([]);
  });
});

describe('weights', () => {
  test.each(['F32', 'F16', 'BF16'])('%s matrices are normal, with a variance of 1 / row', async (type) => {
    const gguf = readGguf((await make({ type, width: 256, ffn: 512 })).model);
    const bytes = gguf.read('blk.0.ffn_up.weight');
    const step = type === 'F32' ? 4 : 2;
    const values = Float64Array.from({ length: bytes.length / step }, (_, i) =>
      decode(bytes.subarray(i * step, (i + 1) * step), type),
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(1e-3);
    expect(variance * 256).toBeCloseTo(1, 1);
  });

  test('norms are near 1, in 32 bits', async () => {
    const norm = floats(readGguf((await make({ width: 1024 })).model).read('output_norm.weight'));
    expect(norm.reduce((sum, value) => sum + value, 0) / norm.length).toBeCloseTo(1, 1);
  });

  test.each([
    [1, 0x3c00, 0x3f80],
    [-2, 0xc000, 0xc000],
    [65520, 0x7c00, 0x4780],
    [2 ** -24, 0x0001, 0x3380],
    [2 ** -25, 0x0000, 0x3300],
    [1 + 2 ** -11, 0x3c00, 0x3f80],
    [1 + 3 * 2 ** -11, 0x3c02, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3c0c, 0x3f82],
    [Number.POSITIVE_INFINITY, 0x7c00, 0x7f80],
    [Number.NaN, 0x7e00, 0x7fc0],
  ])('%d is rounded to nearest even', (value, half, bfloat) => {
    expect([encodeFloat(value, 'F16'), encodeFloat(value, 'BF16')]).toEqual([half, bfloat]);
  });

  test('one layer does not depend on how many follow', async () => {
    const [one, two] = [await make({ layers: 1 }), await make({ layers: 3 })].map(({ model }) => readGguf(model));
    expect(one?.read('blk.0.ffn_up.weight')).toEqual(two?.read('blk.0.ffn_up.weight'));
  });

  test('nan puts a NaN into the last norm only', async () => {
    const gguf = readGguf((await make({ nan: true })).model);
    expect(floats(gguf.read('output_norm.weight'))[0]).toBeNaN();
    expect(floats(gguf.read('blk.1.ffn_norm.weight'))).not.toContain(Number.NaN);
  });
});

function decode(bytes: Buffer, type: string): number {
  if (type === 'F32') return bytes.readFloatLE();
  const bits = bytes.readUInt16LE();
  if (type === 'BF16') return floats(Buffer.from([0, 0, bits & 0xff, bits >> 8]))[0] ?? Number.NaN;
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return exponent ? sign * (1 + fraction / 1024) * 2 ** (exponent - 15) : sign * fraction * 2 ** -24;
}

describe('a listwise model', () => {
  test('gets its special tokens where the copied vocabulary has others', async () => {
    const vocab = (await make({ kind: 'qwen3-reranker', vocabulary: 400 })).model;
    const before = readGguf(vocab).metadata.get('tokenizer.ggml.tokens')?.value as string[];
    const { metadata } = readGguf((await make({ vocab })).model);
    const tokens = metadata.get('tokenizer.ggml.tokens')?.value as string[];
    const types = metadata.get('tokenizer.ggml.token_type')?.value as number[];
    expect(tokens).toHaveLength(400);
    expect(tokens.indexOf('<|endoftext|>')).toBe(before.indexOf('<|endoftext|>'));
    expect([types[tokens.indexOf('<|rerank_token|>')], types[tokens.indexOf('<think>')], types.at(-1)]).toEqual([3, 4, 5]);
  });

  test('can miss its document marker', async () => {
    const tokensOf = async (options: Partial<ModelOptions>) =>
      readGguf((await make(options)).model).metadata.get('tokenizer.ggml.tokens')?.value;
    expect(await tokensOf({})).toContain('<|embed_token|>');
    expect(await tokensOf({ withoutMarker: true })).not.toContain('<|embed_token|>');
  });

  test.each([
    ['LLLGG', 8, 'LLLGGLLG'],
    ['LLL', 3, 'LLL'],
    ['LLLGG', 2, 'LG'],
  ])('sliding pattern %s over %d layers is %s', async (slidingPattern, layers, expected) => {
    const { metadata } = readGguf((await make({ layers, slidingWindow: 64, slidingPattern })).model);
    expect(metadata.get('qwen3.attention.sliding_window')?.value).toBe(64);
    expect(metadata.get('qwen3.attention.sliding_window_pattern')?.value).toEqual([...expected].map((letter) => letter === 'L'));
  });

  test('refuses a sliding pattern of other letters', async () => {
    await expect(make({ slidingWindow: 64, slidingPattern: 'LXG' })).rejects.toThrow('letters L and G');
  });

  test.each(['F32', 'F16', 'BF16'] as const)('has the same projector in %s', async (projectorType) => {
    const wanted = readProjector((await make({})).projector ?? '');
    const given = readProjector((await make({ projectorType })).projector ?? '');
    expect(given.map(({ name, shape, dtype }) => [name, shape, dtype])).toEqual([
      ['projector.0.weight', [32, 64], projectorType],
      ['projector.2.weight', [512, 32], projectorType],
    ]);
    const step = projectorType === 'F32' ? 4 : 2;
    for (const [i, { data }] of given.entries()) {
      const values = Float32Array.from({ length: data.length / step }, (_, j) =>
        decode(data.subarray(j * step, (j + 1) * step), projectorType),
      );
      expect(values).toEqual(floats(wanted[i]?.data ?? Buffer.alloc(0)));
    }
  });

  test('can have a projector with the other names', async () => {
    const { projector } = await make({ projectorNames: 'linear' });
    expect(readProjector(projector ?? '').map(({ name }) => name)).toEqual(['linear1.weight', 'linear2.weight']);
  });
});

test('an unknown type is refused before anything is written', async () => {
  const before = readdirSync(folder);
  await expect(make({ type: 'Q9_9' })).rejects.toThrow('unknown type Q9_9');
  expect(readdirSync(folder)).toEqual(before);
});

describe.skipIf(!addonIsBuilt())('with the addon', () => {
  let addon: NativeAddon;
  beforeAll(async () => {
    addon = await openAddon();
  });

  async function load(path: string): Promise<NativeModelInfo> {
    const model = new addon.Model(path, { gpuLayers: 0, useGpu: false, mmap: true }, null);
    try {
      return await model.load();
    } finally {
      await model.close();
    }
  }

  for (const kind of kinds) {
    test.each(['F16', 'BF16', 'Q8_0', 'Q4_K_M'])(`llama.cpp loads a ${kind} in %s`, async (type) => {
      const { model } = await make({ kind, type });
      expect(await load(model)).toMatchObject({ layers: TINY[kind].layers, embedding: TINY[kind].width });
    });
  }

  test.each(['bert', 'xlm-roberta', 'jina-bert-v2'] as const)('llama.cpp loads a %s with fused tensors', async (kind) => {
    const { model } = await make({ kind, fused: true });
    expect(readGguf(model).tensors.map(({ name }) => name)).not.toContain(
      kind === 'jina-bert-v2' ? 'blk.0.ffn_gate.weight' : 'blk.0.attn_q.weight',
    );
    expect(await load(model)).toMatchObject({ layers: 2 });
  });

  test('llama.cpp loads a sliding window', async () => {
    const { model } = await make({ slidingWindow: 64 });
    expect((await load(model)).metadata).toMatchObject({ 'qwen3.attention.sliding_window': '64' });
  });

  test('a quantized file leaves nothing beside it', async () => {
    const { model } = await make({ type: 'Q8_0', nan: true });
    const gguf = readGguf(model);
    expect(gguf.tensors.find(({ name }) => name === 'blk.0.attn_q.weight')?.type).toBe('Q8_0');
    expect(floats(gguf.read('output_norm.weight'))[0]).toBeNaN();
    expect(readdirSync(folder).filter((file) => !/\.(gguf|safetensors)$/.test(file))).toEqual([]);
  });
});
