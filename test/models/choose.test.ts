import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelOptions } from '../../scripts/model/make.mjs';
import { change, choose, makeTiny, temporaryFolder } from '../helpers/choose.js';
import { counted, itemsOf, putTogether, takeApart, value, withEntries } from '../helpers/gguf-pieces.mjs';

const temporary = temporaryFolder();
const make = (options: Partial<ModelOptions>) => makeTiny(temporary(), options);

test('a listwise model with its head beside it, or named', async () => {
  const path = await make({});
  const head = join(path, '../projector.safetensors');
  expect(await choose(path)).toMatchObject({ name: 'listwise', head, native: {} });
  const alone = await make({ noHead: true });
  copyFileSync(head, join(temporary(), 'other.safetensors'));
  expect(await choose(alone, { head: join(temporary(), 'other.safetensors') })).toMatchObject({
    head: join(temporary(), 'other.safetensors'),
  });
});

test('the sliding window comes from the file that was checked', async () => {
  const { native } = await choose(await make({ slidingWindow: 64, slidingPattern: 'LG' }));
  expect(native).toEqual({ windowTokens: 64, windowLayers: Uint8Array.of(1, 0) });
});

test('an embedding model with mean pooling', async () => {
  expect(await choose(await make({ kind: 'bert' }))).toMatchObject({ name: 'similarity', head: undefined });
});

test.each([
  [
    'F16: a listwise model without its head',
    { noHead: true },
    'MODEL_NOT_A_RERANKER',
    /projector.safetensors, gives no scores.* put its projector.safetensors beside/,
  ],
  [
    'F16: Qwen3-Reranker that lost its classifier',
    { kind: 'qwen3-reranker', noHead: true },
    'MODEL_NOT_A_RERANKER',
    /neither a projector nor a classifier \(cls.output.weight\)/,
  ],
] as [string, Partial<ModelOptions>, string, RegExp][])(
  '%s is refused before it is loaded',
  async (_, options, code, message) => {
    await expect(choose(await make(options))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  },
);

test.each([
  [
    'F16: the last token’s state',
    value.u32(3),
    'MODEL_NOT_A_RERANKER',
    /pooling_type: expected mean or cls in a bert model, got last/,
  ],
  ['F16: a rank without a classifier, as of ms-marco-MiniLM', value.u32(4), 'MODEL_NOT_A_RERANKER', /pooling_type is 4 \(rank\)/],
  ['F16: nothing said', undefined, 'MODEL_NOT_A_RERANKER', /pooling_type is absent/],
])('%s: bert without a pooling of its own is refused', async (_, pooling, code, message) => {
  const path = await make({ kind: 'bert' });
  change(path, (pieces) => withEntries(pieces, { 'bert.pooling_type': pooling }));
  await expect(choose(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('F17: markers that have changed places are MODEL_BAD_VOCAB', async () => {
  const path = await make({});
  const all = takeApart(readFileSync(path));
  const { items } = itemsOf(all.entries.find(({ key }) => key.toString() === 'tokenizer.ggml.tokens')?.value as Buffer);
  const [document, query] = ['<|embed_token|>', '<|rerank_token|>'].map((text) =>
    items.findIndex((item) => item.equals(counted(text))),
  );
  const swapped = items
    .with(document as number, items[query as number] as Buffer)
    .with(query as number, items[document as number] as Buffer);
  writeFileSync(path, putTogether(withEntries(all, { 'tokenizer.ggml.tokens': value.list(8, swapped) })));
  const message = /<\|embed_token\|> has the id \d+, expected \d+/;
  await expect(choose(path)).rejects.toMatchObject({ code: 'MODEL_BAD_VOCAB', message: expect.stringMatching(message) });
});

test('F17: a marker that is absent is MODEL_BAD_VOCAB', async () => {
  const message = /no control token <\|embed_token\|>/;
  await expect(choose(await make({ withoutMarker: true }))).rejects.toMatchObject({
    code: 'MODEL_BAD_VOCAB',
    message: expect.stringMatching(message),
  });
});
