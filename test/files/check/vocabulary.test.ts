import { expect, test } from 'vitest';
import { findTextFaults } from '../../../src/files/check/token-texts.js';
import { GgufArray } from '../../../src/files/gguf-values.js';
import { type Variant, workshop } from '../../helpers/checked.js';
import { counted, itemsOf, type Pieces, value, withEntries, word } from '../../helpers/gguf-pieces.mjs';

const { pieces, check, expectRefused, problems } = workshop();

const entry = (all: Pieces, name: string) => all.entries.find(({ key }) => key.toString() === name)?.value as Buffer;

function withToken(all: Pieces, id: number, text: string | Buffer): Pieces {
  const { items } = itemsOf(entry(all, 'tokenizer.ggml.tokens'));
  return withEntries(all, { 'tokenizer.ggml.tokens': value.list(8, items.with(id, counted(text))) });
}

function withType(all: Pieces, id: number, type: number): Pieces {
  const { items } = itemsOf(entry(all, 'tokenizer.ggml.token_type'));
  return withEntries(all, { 'tokenizer.ggml.token_type': value.list(5, items.with(id, word(type))) });
}

const textOf = (all: Pieces, id: number) =>
  itemsOf(entry(all, 'tokenizer.ggml.tokens')).items[id]?.subarray(8).toString() as string;

test.each(['qwen3', 'bert'] as const)('F08: %s: a token whose text is there twice is MODEL_CORRUPT', async (kind) => {
  const text = textOf(pieces(kind), 20);
  await expectRefused(withToken(pieces(kind), 90, text), 'MODEL_CORRUPT', /token 90, ".+", is in the vocabulary twice/);
});

test('F08: a token that llama.cpp would read as another', async () => {
  const all = pieces('bert');
  await expectRefused(
    withToken(withToken(all, 20, ''), 30, '[EMPTY_20]'),
    'MODEL_CORRUPT',
    /token 30, "\[EMPTY_20\]", is in the vocabulary twice/,
  );
  await expectRefused(withToken(all, 20, `${textOf(all, 21)}\0x`), 'MODEL_BAD_VOCAB', /token 20, .* holds a zero byte/);
  await check(withToken(all, 20, ''));
});

const broken: [title: string, kind: Variant, key: string, other: Buffer | undefined, message: RegExp][] = [
  ['without tokens', 'bert', 'tokenizer.ggml.tokens', undefined, /tokens is absent/],
  ['with tokens that are numbers', 'bert', 'tokenizer.ggml.tokens', value.list(4, []), /tokens is a list of 0 u32/],
  ['without types', 'qwen3', 'tokenizer.ggml.token_type', undefined, /token_type is absent, expected \d+ i32/],
  ['with too few types', 'qwen3', 'tokenizer.ggml.token_type', value.list(5, [word(1)]), /a list of 1 i32/],
  ['with scores of another number', 'qwen3', 'tokenizer.ggml.scores', value.list(6, [word(0)]), /scores is a list of 1 f32/],
  ['without merges', 'qwen3', 'tokenizer.ggml.merges', undefined, /merges is absent, expected a list of texts/],
  ['with merges that are numbers', 'qwen3', 'tokenizer.ggml.merges', value.list(4, [word(1)]), /merges is a list of 1 u32/],
  [
    'of an unknown pre-tokenizer',
    'qwen3',
    'tokenizer.ggml.pre',
    value.text('llama-bpe'),
    /pre is "llama-bpe" \(string\), expected "qwen2"/,
  ],
  ['without a pre-tokenizer', 'qwen3', 'tokenizer.ggml.pre', undefined, /pre is absent/],
  [
    'of an unknown kind',
    'qwen3',
    'tokenizer.ggml.model',
    value.text('x'),
    /tokenizer.ggml.model is "x" \(string\), expected "gpt2"/,
  ],
  ['of unigrams without scores', 'xlm-roberta', 'tokenizer.ggml.scores', undefined, /scores is absent, expected \d+ f32/],
  [
    'of unigrams with whole numbers as scores',
    'xlm-roberta',
    'tokenizer.ggml.scores',
    value.list(5, []),
    /scores is a list of 0 i32/,
  ],
  [
    'with a text as charsmap',
    'xlm-roberta',
    'tokenizer.ggml.precompiled_charsmap',
    value.text('x'),
    /expected a list of u8 or nothing/,
  ],
  ['without its end', 'xlm-roberta', 'tokenizer.ggml.seperator_token_id', undefined, /absent, expected the id of "<\/s>"/],
  [
    'without its unknown token',
    'xlm-roberta',
    'tokenizer.ggml.unknown_token_id',
    undefined,
    /absent, which means 2, .* expected "<unk>"/,
  ],
  ['without its start', 'jina-bert-v2', 'tokenizer.ggml.bos_token_id', undefined, /absent, which means 11, .* expected "<s>"/],
  ['with another start', 'gemma-embedding', 'tokenizer.ggml.bos_token_id', value.u32(1), /expected "<bos>"/],
  ['of an unknown pre-tokenizer', 'modern-bert', 'tokenizer.ggml.pre', value.text('gpt-2'), /expected "modern-bert"/],
  ['of no kind', 'bert', 'tokenizer.ggml.model', undefined, /tokenizer.ggml.model is absent/],
  ['with a switch that is a number', 'bert', 'tokenizer.ggml.add_bos_token', value.u32(1), /expected true or false/],
  [
    'with an id that does not exist',
    'bert',
    'tokenizer.ggml.mask_token_id',
    value.u32(99_999),
    /mask_token_id is 99999 \(u32\), expected the id of one/,
  ],
  ['with an id of another type', 'bert', 'tokenizer.ggml.bos_token_id', value.i32(2), /bos_token_id is 2 \(i32\)/],
];
test.each(broken)('F17: a vocabulary %s is MODEL_BAD_VOCAB', async (_, kind, key, other, message) => {
  const changed = withEntries(pieces(kind), { [key]: other });
  if (key === 'tokenizer.ggml.tokens')
    await expect(check(changed)).rejects.toMatchObject({ code: expect.stringMatching(/^MODEL_(BAD_VOCAB|CORRUPT)$/) });
  else await expectRefused(changed, 'MODEL_BAD_VOCAB', message);
});

test.each([
  ['another id', 'tokenizer.ggml.bos_token_id', value.u32(3), /bos_token_id is 3, the token "\[SEP\]", expected "\[CLS\]"/],
  [
    'an id without a token',
    'tokenizer.ggml.seperator_token_id',
    undefined,
    /seperator_token_id is absent, which means 102, the token ".+", expected "\[SEP\]"/,
  ],
] as const)('F17: a special token with %s is MODEL_BAD_VOCAB', async (_, key, other, message) => {
  await expectRefused(withEntries(pieces('bert'), { [key]: other }), 'MODEL_BAD_VOCAB', message);
});

test('F17: a special token that is absent, or no control token, is MODEL_BAD_VOCAB', async () => {
  await expectRefused(withToken(pieces('bert'), 2, '[XXX]'), 'MODEL_BAD_VOCAB', /the token "\[XXX\]", expected "\[CLS\]"/);
  await expectRefused(withType(pieces('bert'), 2, 1), 'MODEL_BAD_VOCAB', /token 2, "\[CLS\]", is no control token/);
});

test.each([-1, 6, 7])('F17: token type %i, on which llama.cpp may abort the process, is MODEL_BAD_VOCAB', async (type) => {
  await expectRefused(withType(pieces('bert'), 50, type), 'MODEL_BAD_VOCAB', /token_type of token 50 is -?\d, expected 0 to 5/);
});

test('vocabularies that would make tokenizing slow are MODEL_BAD_VOCAB', async () => {
  await expectRefused(withToken(pieces('bert'), 20, 'x'.repeat(193)), 'MODEL_BAD_VOCAB', /has 193 bytes, expected at most 192/);
  const count = itemsOf(entry(pieces('qwen3'), 'tokenizer.ggml.tokens')).items.length;
  const tokens = Array.from({ length: count + 2000 }, (_, i) => counted(`t${i}`));
  const many = withEntries(pieces('qwen3'), {
    'tokenizer.ggml.tokens': value.list(8, tokens),
    'tokenizer.ggml.token_type': value.list(
      5,
      tokens.map(() => word(4)),
    ),
  });
  const messages = (await problems(many)).map(({ message }) => message).join();
  expect(messages).toMatch(/\d{4} tokens are user-defined \(type 4\), expected at most 1024/);
});

test('F17: a vocabulary of bytes without one of them, or with one of another text, is MODEL_BAD_VOCAB', async () => {
  const all = pieces('gemma-embedding');
  await expectRefused(withType(all, 15, 1), 'MODEL_BAD_VOCAB', /token <0x0A> is missing, expected one for each byte/);
  await expectRefused(withType(all, 300, 6), 'MODEL_BAD_VOCAB', /token 300, ".*", is of the type for bytes \(6\)/);
  await expectRefused(withType(all, 300, 7), 'MODEL_BAD_VOCAB', /token_type of token 300 is 7, expected 0 to 6/);
});

test('F17: a score that is no number is MODEL_BAD_VOCAB', async () => {
  for (const kind of ['xlm-roberta', 'gemma-embedding'] as const) {
    const { items } = itemsOf(entry(pieces(kind), 'tokenizer.ggml.scores'));
    const nan = value.f32(Number.NaN).subarray(4);
    const changed = withEntries(pieces(kind), { 'tokenizer.ggml.scores': value.list(6, items.with(9, nan)) });
    await expectRefused(changed, 'MODEL_BAD_VOCAB', /scores of token 9 is NaN, expected a finite number/);
  }
});

test('F17: texts that together are too long are MODEL_BAD_VOCAB', async () => {
  const { items } = itemsOf(entry(pieces('qwen3'), 'tokenizer.ggml.tokens'));
  const tokens = Array.from({ length: 300 }, (_, i) => counted(`${i}`.padEnd(1000, 'x')));
  const types = [...items, ...tokens].map(() => word(1));
  const many = withEntries(pieces('qwen3'), {
    'tokenizer.ggml.tokens': value.list(8, [...items, ...tokens]),
    'tokenizer.ggml.token_type': value.list(5, types),
  });
  expect((await problems(many)).map(({ message }) => message).join()).toMatch(/tokens up to token \d+, .* have too long texts/);
});

test('a token that is a zero byte alone is an empty one', async () => {
  await check(withToken(pieces('jina-bert-v2'), 20, '\0'));
  await check(withToken(withToken(pieces('jina-bert-v2'), 20, '\0'), 21, ''));
  await expectRefused(
    withToken(withToken(pieces('jina-bert-v2'), 20, '\0'), 30, '[EMPTY_20]'),
    'MODEL_CORRUPT',
    /token 30, "\[EMPTY_20\]", is in the vocabulary twice/,
  );
});

/** A list of texts as a header holds it. */
function listOf(texts: string[]): GgufArray {
  const items = texts.map(counted);
  const starts = new Uint32Array(items.length);
  items.reduce((at, item, i) => {
    starts[i] = at;
    return at + item.length;
  }, 0);
  return new GgufArray('string', items.length, { bytes: Buffer.concat(items) }, 0, starts);
}

test('texts are compared whole, whatever their hashes', async () => {
  const texts = Array.from({ length: 50_000 }, (_, i) => `${i % 7}${'é'.repeat(i % 5)}${i}`);
  expect(await findTextFaults(listOf(texts), 100)).toEqual({});
  expect(await findTextFaults(listOf([...texts, texts[3] as string]), 100)).toEqual({ repeated: 50_000 });
  expect(await findTextFaults(listOf(['a', 'b', 'a\0', 'ccc', 'b']), 2)).toEqual({ repeated: 4, cut: 2, long: 3 });
});
