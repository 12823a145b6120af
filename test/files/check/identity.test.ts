import { expect, test } from 'vitest';
import { workshop } from '../../helpers/checked.js';
import { value, withEntries } from '../../helpers/gguf-pieces.mjs';

const { pieces, check, expectRefused, problems } = workshop();

test.each([
  ['llama', /architecture "llama" \(string\) cannot be scored\. This version scores jina-reranker-v3/],
  ['jina-bert-v3', /architecture "jina-bert-v3"/],
  ['qwen9', /architecture "qwen9"/],
  ['', /architecture "" /],
  ['toString', /architecture "toString"/],
  ['clip', /image part of a model \(mmproj\)/],
])('F15: architecture %s is MODEL_UNSUPPORTED_ARCH', async (name, message) => {
  await expectRefused(
    withEntries(pieces('qwen3'), { 'general.architecture': value.text(name) }),
    'MODEL_UNSUPPORTED_ARCH',
    message,
  );
});

test('F15: an architecture that is absent, or no text, is MODEL_UNSUPPORTED_ARCH', async () => {
  for (const other of [undefined, value.u32(1), value.list(8, [])]) {
    const changed = withEntries(pieces('qwen3'), { 'general.architecture': other });
    await expectRefused(changed, 'MODEL_UNSUPPORTED_ARCH', /general.architecture is .*, expected a text/);
  }
});

test.each([
  ['adapter', /this is a LoRA adapter, .* Merge it into its base model first/],
  ['mmproj', /image part/],
  ['imatrix', /statistics/],
  ['vocab', /vocabulary without a model/],
  ['__proto__', /no model: general.type is "__proto__"/],
])('F15: general.type %s is MODEL_UNSUPPORTED_ARCH', async (type, message) => {
  await expectRefused(withEntries(pieces('qwen3'), { 'general.type': value.text(type) }), 'MODEL_UNSUPPORTED_ARCH', message);
});

test.each([
  ['a part', { 'split.count': value.u16(3), 'split.no': value.u16(0) }],
  ['a later part', { 'split.no': value.u16(1) }],
  // llama.cpp aborts the process on this one.
  ['a number of another type', { 'split.count': value.u16(1), 'split.no': value.text('0') }],
  ['no parts', { 'split.count': value.u16(0) }],
])('F15: a file of several that is %s is MODEL_UNSUPPORTED_SPLIT', async (_, entries) => {
  await expectRefused(
    withEntries(pieces('qwen3'), entries),
    'MODEL_UNSUPPORTED_SPLIT',
    /split\.\w+ is .*llama-gguf-split --merge/,
  );
});

test('a model that was split into one part, and one without general.type, pass', async () => {
  await check(
    withEntries(pieces('qwen3'), { 'split.count': value.u16(1), 'split.no': value.u16(0), 'split.tensors.count': value.i32(24) }),
  );
  await check(withEntries(pieces('bert'), { 'general.type': undefined }));
});

test('a vocabulary of a kind that is not read is told as that', async () => {
  const found = await problems(withEntries(pieces('bert'), { 'tokenizer.ggml.model': value.text('llama') }));
  expect(found[0]).toMatchObject({
    code: 'MODEL_UNSUPPORTED_ARCH',
    message: expect.stringMatching(/is "llama" \(string\), expected "bert" or "t5" or "gpt2" in a bert model/),
  });
});
