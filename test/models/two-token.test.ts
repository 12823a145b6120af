import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ModelOptions } from '../../scripts/model/make.mjs';
import type { Engine } from '../../src/engine/engine.js';
import { readCatalog } from '../../src/files/catalog.js';
import type { CheckedModel } from '../../src/files/check/check.js';
import type { Candidate, FamilyChoice } from '../../src/models/candidate.js';
import { templateOf } from '../../src/models/two-token.js';
import { MXBAI_V2, QWEN3_RERANKER } from '../../src/pairwise/prompt.js';
import { change, choose, makeTiny, temporaryFolder } from '../helpers/choose.js';
import { counted, itemsOf, type Pieces, takeApart, value, withEntries } from '../helpers/gguf-pieces.mjs';

const temporary = temporaryFolder();
const make = (name: string, options: Partial<ModelOptions> = {}) =>
  makeTiny(temporary(), { kind: 'qwen3-reranker', ...options }, `${name}.gguf`);

/** Puts a token's text in the place of another one's. */
function renamed(pieces: Pieces, from: string, to: string): Pieces {
  const tokens = pieces.entries.find(({ key }) => key.toString() === 'tokenizer.ggml.tokens')?.value as Buffer;
  const items = itemsOf(tokens).items.map((item) => (item.equals(counted(from)) ? counted(to) : item));
  return withEntries(pieces, { 'tokenizer.ggml.tokens': value.list(8, items) });
}

/** Numbers of a row, found without the code under test. */
function rowOf(path: string, tensor: string, row: number): number[] {
  const { tensors, data } = takeApart(readFileSync(path));
  const { shape, offset, type } = tensors.find(({ name }) => name.toString() === tensor) as Pieces['tensors'][number];
  expect(type).toBe(0);
  const [width] = shape.map(Number) as [number];
  return Array.from({ length: width }, (_, i) => data.readFloatLE(Number(offset) + (row * width + i) * 4));
}

/** What each of two states, the first two unit vectors, would be scored: the first numbers of yes less no. */
async function direction({ open }: FamilyChoice, width: number): Promise<number[]> {
  const dequantize = (type: string, bytes: Uint8Array, count: number) => {
    expect([type, count, bytes.length]).toEqual(['F32', width, 4 * width]);
    return new Float32Array(bytes.slice().buffer);
  };
  const family = open({ dequantize } as unknown as Engine, 512);
  const unit = (i: number) => Float32Array.from({ length: width }, (_, k) => Number(k === i));
  const states = [Float32Array.of(...unit(0), ...unit(1))];
  const plan = {
    jobs: [],
    members: [[0, 1]],
    windows: [[0], [1]],
    queryTokens: 0,
    queryTruncated: false,
    truncated: [false, false],
  };
  const { logits } = await family.score({ ...plan, overflow: 'none' }, states);
  return [...(logits as Float64Array)];
}
const difference = (a: number[], b: number[]) => [0, 1].map((i) => (a[i] as number) - (b[i] as number));

describe('where the rows of the two answers come from', () => {
  test('the classifier in the file', async () => {
    const path = await make('m', { type: 'F32' });
    const choice = await choose(path);
    expect(choice).toMatchObject({ name: 'pairwise', head: undefined, native: {} });
    const [yes, no] = [0, 1].map((row) => rowOf(path, 'cls.output.weight', row)) as [number[], number[]];
    expect(await direction(choice, yes.length)).toEqual(difference(yes, no));
  });

  test('its labels decide about the order', async () => {
    const labels = { 'qwen3.classifier.output_labels': value.list(8, ['no', 'yes'].map(counted)) };
    const path = change(await make('m', { type: 'F32' }), (pieces) => withEntries(pieces, labels));
    const [no, yes] = [0, 1].map((row) => rowOf(path, 'cls.output.weight', row)) as [number[], number[]];
    expect(await direction(await choose(path), yes.length)).toEqual(difference(yes, no));
  });

  test('the embedding matrix, where there is no other', async () => {
    const path = await make('tiny-Qwen3-Reranker', { type: 'F32', noHead: true });
    const { entries } = takeApart(readFileSync(path));
    const { items } = itemsOf(entries.find(({ key }) => key.toString() === 'tokenizer.ggml.tokens')?.value as Buffer);
    const [yes, no] = ['yes', 'no'].map((text) =>
      rowOf(
        path,
        'token_embd.weight',
        items.findIndex((item) => item.equals(counted(text))),
      ),
    ) as [number[], number[]];
    expect(await direction(await choose(path), yes.length)).toEqual(difference(yes, no));
  });
});

describe('refused', () => {
  const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

  test.each([
    ['LABEL_0 alone', ['LABEL_0', 'LABEL_1']],
    ['twice the same', ['yes', 'yes']],
  ])('F16: a classifier for something else (%s)', async (_, labels) => {
    const entries = { 'qwen3.classifier.output_labels': value.list(8, labels.map(counted)) };
    const path = change(await make('Qwen3-Reranker'), (pieces) => withEntries(pieces, entries));
    await expect(choose(path)).rejects.toMatchObject(
      refusal('MODEL_NOT_A_RERANKER', /output_labels\) are .*expected \["yes","no"\]/),
    );
  });

  test('F16: a language model that no name calls a reranker', async () => {
    const path = await make('Qwen3-0.6B', { noHead: true });
    await expect(choose(path)).rejects.toMatchObject(
      refusal('MODEL_NOT_A_RERANKER', /language model .*meaningless. Use jina-reranker-v3/),
    );
  });

  test('F16: a qwen2 model that is not mxbai-rerank', async () => {
    const path = await make('Qwen2.5-0.5B-Instruct', { kind: 'qwen2' });
    await expect(choose(path)).rejects.toMatchObject(
      refusal(
        'MODEL_NOT_A_RERANKER',
        /Qwen2\.5-0\.5B-Instruct\.gguf: a qwen2 language model .*mxbai-rerank-v2 \(with that in its name\)/,
      ),
    );
  });

  test.each(['<|im_start|>', '<think>', 'yes'])('F17: a vocabulary without %s', async (token) => {
    const path = change(await make('Qwen3-Reranker', { noHead: true }), (pieces) => renamed(pieces, token, 'another'));
    const code =
      token === '<|im_start|>' ? /special token <\|im_start\|>/ : token === 'yes' ? /no token "yes"/ : /special token <think>/;
    await expect(choose(path)).rejects.toMatchObject(refusal('MODEL_BAD_VOCAB', code));
  });

  test('a head that it does not take', async () => {
    await expect(choose(await make('m'), { head: 'head.safetensors' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

const known = readCatalog().models.find(({ name }) => name === 'Qwen3-Reranker-0.6B');
test.each<[architecture: string, name: string, file: string, catalogue: boolean, control: string[], unknown]>([
  ['qwen3', 'Qwen3 Reranker 0.6B', 'm.gguf', false, [], QWEN3_RERANKER],
  ['qwen3', '0.6B', 'qwen3-reranker-0.6b-q8_0.gguf', false, [], QWEN3_RERANKER],
  ['qwen3', '0.6B', 'Qwen.Qwen3-Reranker-4B.Q4_K_M.gguf', false, [], QWEN3_RERANKER],
  ['qwen3', '0.6B', 'm.gguf', true, [], QWEN3_RERANKER],
  ['qwen3', 'Qwen3 0.6B', 'Qwen3-0.6B.gguf', false, [], undefined],
  ['qwen3', 'Qwen3 Embedding 0.6B', 'm.gguf', false, [], undefined],
  ['qwen3', 'jina-reranker-v3', 'jina-reranker-v3-Q8_0.gguf', false, ['<|embed_token|>'], undefined],
  ['qwen3', 'Qwen3-Reranker', 'm.gguf', false, ['<|embed_token|>'], undefined],
  ['qwen3', 'Ctxl Rerank V2', 'ctxl-rerank-v2.gguf', false, [], undefined],
  ['qwen2', 'Mxbai Rerank Base v2', 'm.gguf', false, [], MXBAI_V2],
  ['qwen2', '', 'mxbai-rerank-large-v2.Q8_0.gguf', false, [], MXBAI_V2],
  ['qwen2', 'Qwen2.5 0.5B Instruct', 'reranker.gguf', false, [], undefined],
  ['bert', 'mxbai rerank', 'Qwen3-Reranker.gguf', false, [], undefined],
])('%s, named %j, in %s (in the catalogue: %j)', (architecture, name, file, catalogue, control, expected) => {
  const model = {
    architecture: { name: architecture },
    header: { metadata: new Map([['general.name', { type: 'string', value: name }]]), tensors: [] },
    vocabulary: { control: new Map(control.map((text, id) => [text, id])) },
  } as unknown as CheckedModel;
  const candidate = { model, file: { path: join('folder', file) }, head: undefined, known: catalogue ? known : undefined };
  expect(templateOf(candidate as Candidate)).toBe(expected);
});
