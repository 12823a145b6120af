import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGguf } from '../../scripts/model/read-gguf.mjs';
import { writeGguf } from '../../scripts/model/write-gguf.mjs';
import { type Gpu, type LoadOptions, listDevices, Reranker } from '../../src/index.js';
import { LISTWISE_FIXTURES, STARTER, tinyListwise } from '../helpers/models.js';
import { scores } from '../helpers/reranker.js';

const QUERY = 'how do bees make honey?';
const DOCUMENTS = ['Bees collect nectar.', 'Honey keeps for years.', 'The train was late.'];
const TINY = tinyListwise();
const PROJECTOR = join(dirname(TINY), 'projector.safetensors');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'models-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file in a folder of its own. */
function put(name: string, content: string | Buffer): string {
  const path = join(mkdtempSync(join(folder, 'a-')), name);
  writeFileSync(path, content);
  return path;
}

type Gguf = ReturnType<typeof readGguf>;

/** A copy of a model whose header was changed. */
function changed(source: string, change: (gguf: Gguf) => void): string {
  const gguf = readGguf(source);
  change(gguf);
  const path = put('changed.gguf', '');
  const tensors = gguf.tensors.map((tensor) => ({ ...tensor, chunks: (): Buffer[] => [gguf.read(tensor)] }));
  writeGguf(path, gguf.metadata, tensors);
  return path;
}

async function ranked(path: string | undefined, options: LoadOptions = {}): Promise<{ model: Reranker['model']; all: number[] }> {
  const reranker = await Reranker.load(path, { gpu: 'cpu', threads: 1, ...options });
  try {
    return { model: reranker.model, all: scores(await reranker.rerank(QUERY, DOCUMENTS)) };
  } finally {
    await reranker.dispose();
  }
}

async function expectRefused(path: string, options: LoadOptions, code: string, message: RegExp): Promise<void> {
  const begin = performance.now();
  const expected = { name: 'RerankError', code, message: expect.stringMatching(message) };
  await expect(ranked(path, options)).rejects.toMatchObject(expected);
  expect(performance.now() - begin).toBeLessThan(1000);
}

const refused: [row: string, code: string, message: RegExp, path: () => string][] = [
  ['F01', 'MODEL_NOT_FOUND', /none\.gguf/, () => join(folder, 'none.gguf')],
  ['F01', 'MODEL_NOT_FOUND', /empty/, () => ''],
  ['F02', 'MODEL_NOT_REGULAR', /folder/, () => folder],
  ['F03', 'MODEL_BAD_MAGIC', /empty/, () => put('m.gguf', '')],
  ['F03', 'MODEL_BAD_MAGIC', /not a GGUF file/, () => put('m.gguf', 'GGU')],
  ['F03', 'MODEL_BAD_MAGIC', /web page/, () => put('m.gguf', '<!DOCTYPE html><title>Sign in</title>')],
  ['F03', 'MODEL_BAD_MAGIC', /safetensors/, () => PROJECTOR],
  ['F03', 'MODEL_BAD_MAGIC', /ZIP/, () => put('m.bin', 'PK\u0003\u0004')],
  ['F03', 'MODEL_BAD_MAGIC', /old GGML/, () => put('m.bin', Buffer.from('tjgg\u0001\0\0\0'))],
  [
    'F05',
    'MODEL_TRUNCATED',
    /is cut off: its tensors need \d+ bytes, it has 500000/,
    () => put('m.gguf', readFileSync(TINY).subarray(0, 500_000)),
  ],
];
test.each(refused)('%s: %s, %s', async (_, code, message, path) => {
  await expectRefused(path(), {}, code, message);
});

test('A01: a path that is no text', async () => {
  await expect(Reranker.load(5 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(Reranker.load(STARTER, { treads: 4 } as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

describe('F16: what scores nothing is never given a score', () => {
  test('qwen3 without a projector', async () => {
    const alone = put('tiny.gguf', readFileSync(TINY));
    await expectRefused(alone, {}, 'MODEL_NOT_A_RERANKER', /put its projector\.safetensors beside the model or pass head/);
    const { model, all } = await ranked(alone, { head: PROJECTOR });
    expect(model).toMatchObject({ path: alone, head: PROJECTOR, family: 'listwise' });
    expect(all).toEqual((await ranked(TINY)).all);
  });

  test('bert that does not say how its states become an embedding', async () => {
    const path = changed(STARTER, ({ metadata }) => metadata.set('bert.pooling_type', { type: 'u32', value: 4 }));
    await expectRefused(path, {}, 'MODEL_NOT_A_RERANKER', /bert.pooling_type is 4 \(rank\).* pass pooling/);
  });

  test('F15: an architecture that llama.cpp knows and this package does not', async () => {
    const path = changed(TINY, (gguf) => {
      const entries = [...gguf.metadata].map(([key, value]) => [key.replace(/^qwen3\./, 'llama.'), value] as const);
      gguf.metadata.clear();
      for (const [key, value] of entries) gguf.metadata.set(key, value);
      gguf.metadata.set('general.architecture', { type: 'string', value: 'llama' });
      const norms = gguf.tensors.filter(({ name }) => /attn_[qk]_norm/.test(name));
      for (const norm of norms) gguf.tensors.splice(gguf.tensors.indexOf(norm), 1);
    });
    await expectRefused(path, { head: PROJECTOR }, 'MODEL_UNSUPPORTED_ARCH', /architecture "llama" \(string\) cannot be scored/);
  });

  test('F15: an architecture that llama.cpp does not know', async () => {
    const path = changed(TINY, ({ metadata }) => metadata.set('general.architecture', { type: 'string', value: 'qwen9' }));
    await expectRefused(path, {}, 'MODEL_UNSUPPORTED_ARCH', /architecture "qwen9"/);
  });

  test('F17: a marker that is no control token', async () => {
    const path = changed(TINY, ({ metadata }) => {
      const tokens = metadata.get('tokenizer.ggml.tokens')?.value as string[];
      const types = metadata.get('tokenizer.ggml.token_type')?.value as number[];
      types[tokens.indexOf('<|embed_token|>')] = 1;
    });
    await expectRefused(path, { head: PROJECTOR }, 'MODEL_BAD_VOCAB', /no control token <\|embed_token\|>/);
  });
});

describe('heads', () => {
  test('a head that is not there', async () => {
    await expectRefused(TINY, { head: join(folder, 'none.safetensors') }, 'PROJECTOR_NOT_FOUND', /none\.safetensors/);
  });

  test('F19: a head that is cut off', async () => {
    const head = put('projector.safetensors', readFileSync(PROJECTOR).subarray(0, 1000));
    await expectRefused(TINY, { head }, 'PROJECTOR_CORRUPT', /the data has/);
  });

  test('F20: the head of another model', async () => {
    const entry = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });
    const header = JSON.stringify({ 'linear1.weight': entry([2, 3], 0, 24), 'linear2.weight': entry([2, 2], 24, 40) });
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    const head = put('other.safetensors', Buffer.concat([size, Buffer.from(header), Buffer.alloc(40)]));
    await expectRefused(TINY, { head }, 'PROJECTOR_MISMATCH', /states of 3 numbers, the model gives 64/);
  });
});

test.each(['metal', 'cuda', 'vulkan'] as Gpu[])('A06: gpu %s is used, or is the error GPU_UNAVAILABLE', async (gpu) => {
  const { devices } = await listDevices();
  const there = devices.some(({ backend, type }) => type.endsWith('gpu') && backend.toLowerCase() === gpu);
  if (there) expect((await ranked(STARTER, { gpu })).model.device).not.toBe('CPU');
  else await expectRefused(STARTER, { gpu }, 'GPU_UNAVAILABLE', new RegExp(`no ${gpu} device answers; devices: .*CPU`));
});

test('A06: gpu auto works everywhere', async () => {
  expect((await ranked(STARTER, { gpu: 'auto' })).all).toHaveLength(3);
});

test('without a path it is the starter model', async () => {
  const { model } = await ranked(undefined);
  expect(model).toMatchObject({ path: STARTER, head: undefined, family: 'similarity', architecture: 'bert', device: 'CPU' });
  expect(model).toMatchObject({ contextSize: 256, maxQueryTokens: 254, maxDocumentTokens: 254, parameters: 22_565_376 });
  expect(Object.isFrozen(model)).toBe(true);
});

test('F23: paths with blanks, emoji and other scripts, and links', async () => {
  const at = join(folder, 'mo dèl 模型 🙂');
  mkdirSync(at);
  writeFileSync(join(at, 'projector.safetensors'), readFileSync(PROJECTOR));
  writeFileSync(join(at, 'ti ny.gguf'), readFileSync(TINY));
  const { all } = await ranked(join(at, 'ti ny.gguf'));
  expect(all).toEqual((await ranked(TINY)).all);
  if (process.platform === 'win32') return;
  symlinkSync(join(at, 'ti ny.gguf'), join(folder, 'link.gguf'));
  expect((await ranked(join(folder, 'link.gguf'), { head: PROJECTOR })).all).toEqual(all);
});

describe('options', () => {
  const CACHE_BYTES = 2 * 4 * 2 * 64 * 2;

  test.each([
    ['contextSize', { contextSize: 1000 }, 1000],
    ['contextSize beyond the model’s', { contextSize: 1 << 24 }, 131_072],
    ['memoryBudget', { memoryBudget: 500 * CACHE_BYTES }, 500],
    ['the smaller of both', { contextSize: 400, memoryBudget: 500 * CACHE_BYTES }, 400],
    ['memoryBudget, smaller numbers in the cache', { memoryBudget: 500 * CACHE_BYTES, kvCacheType: 'q8_0' }, 941],
  ] as [string, LoadOptions, number][])('%s', async (_, options, contextSize) => {
    const { model, all } = await ranked(TINY, { memoryBudget: 2 ** 40, ...options });
    expect(model.contextSize).toBe(contextSize);
    expect(all).toHaveLength(3);
  });

  test.each([
    [{ flashAttention: false }, 0.01],
    [{ ubatchSize: 64 }, 0.01],
    [{ kvCacheType: 'q8_0' }, 0.03],
  ] as [LoadOptions, number][])('%o moves scores by rounding only', async (options, most) => {
    const [plain, other] = [await ranked(TINY), await ranked(TINY, options)];
    other.all.forEach((score, i) => {
      expect(Math.abs(score - (plain.all[i] as number))).toBeLessThan(most);
    });
  });

  test.each(['projector-f16', 'projector-bf16', 'projector-linear'])('head %s gives the same scores', async (name) => {
    const head = join(LISTWISE_FIXTURES, 'models/tiny-v3', `${name}.safetensors`);
    expect((await ranked(TINY, { head })).all).toEqual((await ranked(TINY)).all);
  });
});
