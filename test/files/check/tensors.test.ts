import { describe, expect, test } from 'vitest';
import { tensorType } from '../../../src/files/tensor-types.js';
import { ALL_VARIANTS, type Variant, workshop } from '../../helpers/checked.js';
import { type Pieces, value, withEntries, withTensor } from '../../helpers/gguf-pieces.mjs';

const { pieces, check, expectRefused, problems } = workshop();

/** The same tensors, with one of another type laid out as that type asks. */
function retyped(all: Pieces, name: string, type: number): Pieces {
  let offset = 0;
  const tensors = all.tensors.map((tensor) => {
    const own = tensor.name.toString() === name ? type : tensor.type;
    const { block, bytes } = tensorType(own) ?? { block: 1, bytes: 1 };
    const begin = offset;
    offset += Math.ceil(((Number(tensor.shape.reduce((product, n) => product * n, 1n)) / block) * bytes) / 32) * 32;
    return { ...tensor, type: own, offset: BigInt(begin) };
  });
  return { ...all, tensors, data: Buffer.alloc(offset) };
}

test.each([
  ['a norm in F16', 'qwen3', 'output_norm.weight', 1, /output_norm.weight has type F16, expected F32\. Use another quantization/],
  ['a norm in Q8_0', 'qwen3', 'blk.1.attn_norm.weight', 8, /has type Q8_0, expected F32/],
  ['a bias in BF16', 'bert', 'blk.0.attn_q.bias', 30, /has type BF16, expected F32/],
  ['token types in F16', 'bert', 'token_types.weight', 1, /has type F16, expected F32/],
  ['positions in Q8_0', 'bert', 'position_embd.weight', 8, /has type Q8_0, expected F32, F16, BF16/],
  ...[24, 25, 26, 27, 28, 9].map(
    (type) => [`a matrix in ${tensorType(type)?.name}`, 'qwen3', 'blk.0.attn_q.weight', type, /has type/] as const,
  ),
  ['tokens in I32', 'qwen3', 'token_embd.weight', 26, /has type I32/],
] as const)('F12: %s is MODEL_UNSUPPORTED_TYPE', async (_, kind, name, type, message) => {
  await expectRefused(retyped(pieces(kind), name, type), 'MODEL_UNSUPPORTED_TYPE', message);
});

test.each([0, 1, 30, 2, 3, 6, 7, 8, 20])('a matrix of ggml’s type %i passes', async (type) => {
  await check(retyped(pieces('qwen3'), 'blk.0.attn_q.weight', type));
});

test('F12: a type that ggml does not know is MODEL_CORRUPT', async () => {
  await expectRefused(
    withTensor(pieces('qwen3'), 'output_norm.weight', { type: 4 }),
    'MODEL_CORRUPT',
    /output_norm.weight has type 4, which ggml/,
  );
});

test.each(ALL_VARIANTS)('a tiny %s passes', async (kind) => {
  await check(pieces(kind));
});

/** Tensors that may be missing, or for which another stands. */
function isOptional(kind: Variant, name: string): boolean {
  if (name.includes('attn_qkv')) return kind !== 'modern-bert';
  if (name.includes('ffn_gate')) return kind === 'jina-bert-v2';
  return /^(cls|dense_2)/.test(name);
}

test.each(ALL_VARIANTS)(
  'F14: %s: each kind of tensor that is missing or renamed is MODEL_CORRUPT, with the shape it should have',
  async (kind) => {
    const names = pieces(kind)
      .tensors.map(({ name }) => name.toString())
      .filter((name) => !/^blk\.[1-9]/.test(name))
      .filter((name) => !isOptional(kind, name));
    expect(names.length).toBeGreaterThan(7);
    for (const name of names) {
      const renamed = withTensor(pieces(kind), name, { name: Buffer.from(`${name}_`) });
      const found = (await problems(renamed)).map(({ message }) => message);
      expect(found[0]).toMatch(new RegExp(`tensor ${name} is missing, expected one of \\[\\d+(, \\d+)?\\]`));
      expect(found[1]).toMatch(new RegExp(`tensor ${name}_ is there, which [\\w-]+ models of \\d layers do not have`));
    }
  },
);

test.each([
  ['qwen3', 'token_embd.weight'],
  ['qwen3', 'blk.0.attn_q.weight'],
  ['qwen3', 'blk.1.ffn_down.weight'],
  ['bert', 'blk.0.ffn_up.weight'],
  ['bert', 'position_embd.weight'],
] as const)('F14: %s: %s transposed is MODEL_CORRUPT, with both shapes', async (kind, name) => {
  const shape = pieces(kind).tensors.find((tensor) => tensor.name.toString() === name)?.shape ?? [];
  const turned = [...shape].reverse();
  const message = new RegExp(`${name} has the shape \\[${turned.join(', ')}\\], expected \\[${shape.join(', ')}\\]`);
  await expectRefused(withTensor(pieces(kind), name, { shape: turned }), 'MODEL_CORRUPT', message);
});

test('F14: tensors for more or fewer layers than the file says', async () => {
  await expectRefused(
    withEntries(pieces('qwen3'), { 'qwen3.block_count': value.u32(3) }),
    'MODEL_CORRUPT',
    /tensor blk.2.attn_norm.weight is missing/,
  );
  await expectRefused(
    withEntries(pieces('qwen3'), { 'qwen3.block_count': value.u32(1) }),
    'MODEL_CORRUPT',
    /tensor blk.1.\w+.weight is there, which qwen3 models of 1 layers/,
  );
});

test('F14: fewer rows than tokens', async () => {
  const rows = pieces('qwen3').tensors.find(({ name }) => name.toString() === 'token_embd.weight')?.shape[1] ?? 0n;
  const found = await problems(withTensor(pieces('qwen3'), 'token_embd.weight', { shape: [64n, rows - 1n] }));
  expect(found.map(({ message }) => message).join()).toContain(
    `token_embd.weight has the shape [64, ${rows - 1n}], expected [64, ${rows}]`,
  );
});

const without = (all: Pieces, name: string): Pieces => ({
  ...all,
  tensors: all.tensors.filter((tensor) => tensor.name.toString() !== name),
});

describe('tensors that stand for each other', () => {
  test.each(['qwen3-reranker', 'minilm-ce', 'xlm-roberta', 'jina-bert-v2', 'modern-bert'] as const)(
    '%s may lack its classifier',
    async (kind) => {
      const all = pieces(kind);
      const found = await problems({ ...all, tensors: all.tensors.filter(({ name }) => !name.toString().startsWith('cls')) });
      expect(found.filter(({ message }) => message.includes('is missing'))).toEqual([]);
    },
  );

  test.each([
    ['bert', 'attn_qkv.bias', 'attn_q.bias', /tensor blk.0.attn_q.bias is missing/],
    ['bert', 'attn_qkv.weight', 'attn_q.weight', /tensor blk.0.attn_qkv.weight has the shape \[64, 64\], expected \[64, 192\]/],
    ['fused-bert', 'attn_q.weight', 'attn_qkv.weight', /tensor blk.0.attn_q.weight has the shape/],
    [
      'jina-bert-v2',
      'ffn_gate_.weight',
      'ffn_gate.weight',
      /tensor blk.0.ffn_up.weight has the shape \[96, 192\], expected \[96, 384\]/,
    ],
    ['jina-bert-v2', 'attn_qkv.weight', 'attn_q.weight', /tensor blk.0.attn_q.weight is missing/],
    ['nomic-bert', 'attn_q.weight', 'attn_qkv.weight', /tensor blk.0.attn_q.weight has the shape/],
  ] as const)('%s: %s instead of %s is MODEL_CORRUPT', async (kind, name, instead, message) => {
    const changed = withTensor(pieces(kind), `blk.0.${instead}`, { name: Buffer.from(`blk.0.${name}`) });
    await expectRefused(changed, 'MODEL_CORRUPT', message);
  });

  test('a gate beside both halves is MODEL_CORRUPT', async () => {
    const changed = withTensor(pieces('fused-jina'), 'blk.0.ffn_down.bias', {
      name: Buffer.from('blk.0.ffn_gate.weight'),
      shape: [96n, 192n],
    });
    expect((await problems(changed)).map(({ message }) => message).join()).toMatch(
      /ffn_up.weight has the shape \[96, 384\], expected \[96, 192\]/,
    );
  });

  test('one dense layer without the other is MODEL_CORRUPT', async () => {
    for (const [name, message] of [
      ['dense_2', /tensor dense_3.weight is there/],
      ['dense_3', /tensor dense_3.weight is missing/],
    ] as const) {
      const found = await problems(without(pieces('gemma-embedding'), `${name}.weight`));
      expect(found.map((problem) => problem.message).join()).toMatch(message);
    }
  });

  test('only the first layer may lack the norm before it', async () => {
    const found = await problems(without(pieces('modern-bert'), 'blk.1.attn_norm.weight'));
    expect(found.map(({ message }) => message).join()).toMatch(/tensor blk.1.attn_norm.weight is missing/);
  });
});
