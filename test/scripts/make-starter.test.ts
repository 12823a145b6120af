import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openAddon } from '../../scripts/model/addon.mjs';
import { quantize } from '../../scripts/model/blocks.mjs';
import { readGguf } from '../../scripts/model/read-gguf.mjs';
import { readSafetensors } from '../../scripts/model/read-safetensors.mjs';
import { starterMetadata, starterTensors } from '../../scripts/model/starter.mjs';
import { writeGguf } from '../../scripts/model/write-gguf.mjs';
import { safetensors } from '../helpers/safetensors.js';

const STARTER = resolve(import.meta.dirname, '../../gguf/all-MiniLM-L6-v2-Q8_0.gguf');
const folder = mkdtempSync(join(tmpdir(), 'make-starter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shipped = readGguf(STARTER);

/** `vocab.txt`, from the shipped file. */
function vocabulary(): string[] {
  const tokens = shipped.metadata.get('tokenizer.ggml.tokens')?.value as string[];
  const types = shipped.metadata.get('tokenizer.ggml.token_type')?.value as number[];
  return tokens.map((token, id) => (types[id] === 3 ? token : token.startsWith('▁') ? token.slice(1) : `##${token}`));
}

/** What the addon, which is llama.cpp, reads from a tensor of the shipped file. */
async function values(name: string): Promise<Float32Array> {
  const tensor = shipped.tensors.find((one) => one.name === name);
  if (!tensor) throw new Error(`no ${name}`);
  const { type, shape } = tensor;
  const count = shape.reduce((product, n) => product * n, 1);
  const bytes = new Uint8Array(shipped.read(tensor));
  return type === 'F32' ? new Float32Array(bytes.buffer) : (await openAddon()).dequantize(type, bytes, count);
}

/** Names in the file by published names. */
const published = new Map<string, string>();
starterTensors(
  {
    read: (theirs) => {
      published.set(theirs, shipped.tensors[published.size]?.name ?? '');
      return { shape: [1], values: new Float32Array(1) };
    },
  },
  'F32',
);

test('the header is that of the shipped file, byte for byte', () => {
  const shapes = new Map(shipped.tensors.map(({ name, shape }) => [name, shape.toReversed()]));
  const read = (theirs: string) => {
    const shape = shapes.get(published.get(theirs) ?? '') ?? [];
    return { shape, values: new Float32Array(shape.reduce((product, n) => product * n, 1)) };
  };
  const path = join(folder, 'header.gguf');
  writeGguf(path, starterMetadata(vocabulary(), 'Q8_0'), starterTensors({ read }, 'Q8_0'));
  const length = shipped.tensors[0]?.offset ?? 0;
  expect(statSync(path).size).toBe(shipped.size);
  expect(firstBytes(path, length).equals(firstBytes(STARTER, length))).toBe(true);
});

test('weights go where the published names say', () => {
  expect(published.size).toBe(101);
  expect(published.get('embeddings.word_embeddings.weight')).toBe('token_embd.weight');
  expect(published.get('encoder.layer.3.attention.output.dense.weight')).toBe('blk.3.attn_output.weight');
  expect(published.get('encoder.layer.5.attention.output.LayerNorm.bias')).toBe('blk.5.attn_output_norm.bias');
  expect(published.get('encoder.layer.0.intermediate.dense.weight')).toBe('blk.0.ffn_up.weight');
  expect(published.get('encoder.layer.0.output.LayerNorm.weight')).toBe('blk.0.layer_output_norm.weight');
});

describe('quantize', () => {
  test.each(['blk.0.attn_q.weight', 'blk.5.ffn_down.weight'])('gives the blocks of %s back', async (name) => {
    const again = quantize(await values(name), 'Q8_0');
    expect(Buffer.from(again).equals(shipped.read(name))).toBe(true);
  });

  test.each([
    ['Q8_0', 0.005],
    ['Q4_0', 0.13],
  ] as const)('%s is read by llama.cpp', async (type, worst) => {
    const numbers = Float32Array.from({ length: 320 }, (_, i) => Math.sin(i * i));
    const read = (await openAddon()).dequantize(type, quantize(numbers, type), numbers.length);
    const errors = read.map((value, i) => Math.abs(value - (numbers[i] as number)));
    expect(Math.max(...errors)).toBeLessThan(worst);
    expect(Math.max(...errors)).toBeGreaterThan(worst / 3);
  });

  test('halves are rounded away from 0, and a block of zeros stays', () => {
    // A scale of 1: the largest is 127.
    const numbers = Float32Array.from({ length: 64 }, (_, i) => [127, 2.5, -2.5, 0.49][i] ?? 0);
    const bytes = quantize(numbers, 'Q8_0');
    expect([...new Int8Array(bytes.buffer, 2, 4)]).toEqual([127, 3, -3, 0]);
    expect(bytes.subarray(34).every((byte) => byte === 0)).toBe(true);
  });

  test('refuses half a block', () => {
    expect(() => quantize(new Float32Array(33), 'Q8_0')).toThrow('33 values');
  });
});

test('reads 32-bit weights', () => {
  const path = join(folder, 'weights.safetensors');
  writeFileSync(path, safetensors({ a: { shape: [1], values: [7] }, b: { shape: [2, 1], values: [1.5, -2] } }));
  expect(readSafetensors(path).read('b')).toEqual({ shape: [2, 1], values: Float32Array.of(1.5, -2) });
  expect(() => readSafetensors(path).read('none')).toThrow('tensor none is absent, expected F32');
});

function firstBytes(path: string, length: number): Buffer {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, 0);
  closeSync(file);
  return bytes;
}
