import { expect, test } from 'vitest';
import { type Variant, workshop } from '../../helpers/checked.js';
import { counted, value, withEntries } from '../../helpers/gguf-pieces.mjs';

const { pieces, check, expectRefused, problems } = workshop();

const INTEGERS = ['block_count', 'context_length', 'embedding_length', 'feed_forward_length', 'attention.head_count'];
const FRACTIONS = { qwen3: ['attention.layer_norm_rms_epsilon', 'rope.freq_base'], bert: ['attention.layer_norm_epsilon'] };
const MORE = { qwen3: ['attention.head_count_kv', 'attention.key_length', 'attention.value_length'], bert: [] };

const integers = (['qwen3', 'bert'] as const).flatMap((kind) =>
  [...INTEGERS, ...MORE[kind]].map((key) => [kind, `${kind}.${key}`] as const),
);
test.each(integers)(
  'F13: %s without %s, or with another type, 0, the largest and one that wraps, is MODEL_BAD_HPARAM',
  async (kind, key) => {
    const others = [
      undefined,
      ...[0, 0xffffffff, 0x80000001].map(value.u32),
      value.text('2'),
      value.i32(2),
      value.f32(2),
      value.u64(2),
      value.list(4, []),
    ];
    for (const other of others) {
      await expectRefused(
        withEntries(pieces(kind), { [key]: other }),
        'MODEL_BAD_HPARAM',
        new RegExp(`: ${key.replaceAll('.', '\\.')} is .*, expected `),
      );
    }
  },
);

const fractions = (['qwen3', 'bert'] as const).flatMap((kind) => FRACTIONS[kind].map((key) => [kind, `${kind}.${key}`] as const));
test.each(fractions)(
  'F13: %s without %s, or with another type, 0, negative, infinite and NaN, is MODEL_BAD_HPARAM',
  async (kind, key) => {
    const others = [undefined, ...[0, -1, Number.POSITIVE_INFINITY, Number.NaN].map(value.f32), value.u32(1), value.text('1')];
    for (const other of others) {
      await expectRefused(
        withEntries(pieces(kind), { [key]: other }),
        'MODEL_BAD_HPARAM',
        new RegExp(`: ${key.replaceAll('.', '\\.')} is `),
      );
    }
  },
);

const labels = (count: number) =>
  value.list(
    8,
    Array.from({ length: count }, (_, i) => counted(`L${i}`)),
  );

const related: [what: string, kind: Variant, key: string, other: Buffer | undefined, message: RegExp][] = [
  [
    'more key heads than divide the heads',
    'qwen3',
    'qwen3.attention.head_count_kv',
    value.u32(3),
    /expected a divisor of the 4 heads/,
  ],
  [
    'values of another length than keys',
    'qwen3',
    'qwen3.attention.value_length',
    value.u32(32),
    /value_length is 32 \(u32\), expected 64/,
  ],
  ['an odd head size', 'qwen3', 'qwen3.attention.key_length', value.u32(63), /expected an even number/],
  ['a rotation of part of the head', 'qwen3', 'qwen3.rope.dimension_count', value.u32(32), /expected 64/],
  ['an unknown scaling', 'qwen3', 'qwen3.rope.scaling.type', value.text('su'), /"su" \(string\), expected "none" or "linear"/],
  ['a scaling that is NaN', 'qwen3', 'qwen3.rope.scaling.factor', value.f32(Number.NaN), /rope.scaling.factor is NaN/],
  ['experts', 'qwen3', 'qwen3.expert_count', value.u32(8), /expert_count is 8 \(u32\), expected 0/],
  ['layers that predict further', 'qwen3', 'qwen3.nextn_predict_layers', value.u32(3), /nextn_predict_layers/],
  ['another width of the output', 'qwen3', 'qwen3.embedding_length_out', value.u32(128), /expected 64/],
  ['attention both ways', 'qwen3', 'qwen3.attention.causal', value.bool(false), /causal is false/],
  ['a pooling that is none', 'qwen3', 'qwen3.pooling_type', value.u32(5), /pooling_type is 5/],
  ['labels that are numbers', 'qwen3', 'qwen3.classifier.output_labels', value.list(4, []), /a list of 0 u32/],
  ['a file type that is text', 'qwen3', 'general.file_type', value.text('F16'), /general.file_type/],
  [
    'a window without its layers',
    'qwen3',
    'qwen3.attention.sliding_window',
    value.u32(64),
    /pattern is absent, expected a list of 2 bool/,
  ],
  [
    'a window for other layers',
    'window',
    'qwen3.attention.sliding_window_pattern',
    value.list(7, [Buffer.from([1])]),
    /a list of 1 bool/,
  ],
  ['layers without a window', 'window', 'qwen3.attention.sliding_window', value.u32(0), /a number above 0/],
  ['attention one way', 'bert', 'bert.attention.causal', value.bool(true), /causal is true/],
  ['a width that heads do not divide', 'bert', 'bert.attention.head_count', value.u32(5), /a divisor of the width 64/],
  ['fewer key heads', 'bert', 'bert.attention.head_count_kv', value.u32(1), /expected 2/],
  ['no token types', 'bert', 'tokenizer.ggml.token_type_count', value.u32(0), /token_type_count/],
  ['fewer key heads than heads', 'jina-bert-v2', 'jina-bert-v2.attention.head_count_kv', value.u32(6), /expected 12/],
  ['more than one label', 'jina-bert-v2', 'jina-bert-v2.classifier.output_labels', labels(2), /a list of 1 to 1 texts/],
  // llama.cpp reads a score for each from a state of 64 numbers.
  ['more labels than a state has numbers', 'xlm-roberta', 'bert.classifier.output_labels', labels(65), /a list of 1 to 64 texts/],
  ['another size of the heads', 'qwen2', 'qwen2.attention.key_length', value.u32(32), /expected 16/],
  ['heads of an odd size', 'qwen2', 'qwen2.attention.head_count', value.u32(64), /an even number for each head, not 1/],
  ['heads of an odd size', 'nomic-bert', 'nomic-bert.attention.head_count', value.u32(64), /an even number for each head, not 1/],
  ['experts in some layers', 'nomic-bert', 'nomic-bert.moe_every_n_layers', value.u32(2), /expected 0/],
  [
    'a function that is not gated',
    'modern-bert',
    'modern-bert.hidden_activation',
    value.text('relu'),
    /"relu" \(string\), expected "gelu"/,
  ],
  [
    'the layers of a window as a list',
    'modern-bert',
    'modern-bert.attention.sliding_window_pattern',
    value.list(7, []),
    /a list of 0/,
  ],
  ['no layer with the window', 'modern-bert', 'modern-bert.attention.sliding_window_pattern', value.u32(1), /from 2 to 128/],
  ['one layer, without the window', 'modern-bert', 'modern-bert.block_count', value.u32(1), /at least 2 layers/],
  [
    'the window in every layer',
    'gemma-embedding',
    'gemma-embedding.attention.sliding_window_pattern',
    value.u32(7),
    /at least 7 layers/,
  ],
  ['no window', 'gemma-embedding', 'gemma-embedding.attention.sliding_window', undefined, /sliding_window is absent/],
  ['a dense layer without its width', 'gemma-embedding', 'gemma-embedding.dense_3_feat_in', undefined, /absent, expected 256/],
  ['a dense layer of another width', 'gemma-embedding', 'gemma-embedding.dense_3_feat_in', value.u32(64), /expected 256/],
  ['a limit of no tokens', 'bert', 'llama-rerank.max_tokens', value.u32(0), /max_tokens/],
];
test.each(related)('F13: %s is MODEL_BAD_HPARAM', async (_, kind, key, other, message) => {
  await expectRefused(withEntries(pieces(kind), { [key]: other }), 'MODEL_BAD_HPARAM', message);
});

test('values that make no difference pass', async () => {
  await check(
    withEntries(pieces('qwen3'), {
      'qwen3.rope.dimension_count': value.u32(64),
      'qwen3.rope.scaling.type': value.text('none'),
      'qwen3.expert_count': value.u32(0),
      'qwen3.attention.causal': value.bool(true),
      'qwen3.classifier.output_labels': value.list(8, ['yes', 'no'].map(counted)),
      'qwen3.some_future_key': value.text('anything'),
      'general.name': undefined,
    }),
  );
});

test('all problems are found, not only the first', async () => {
  const found = await problems(
    withEntries(pieces('bert'), {
      'bert.block_count': value.u32(0),
      'bert.attention.causal': undefined,
      'general.alignment': value.u32(8),
      'tokenizer.ggml.bos_token_id': value.u32(9999),
    }),
  );
  expect(found.map(({ code }) => code)).toEqual(['MODEL_CORRUPT', 'MODEL_BAD_HPARAM', 'MODEL_BAD_HPARAM', 'MODEL_BAD_VOCAB']);
});
