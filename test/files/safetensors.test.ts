import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: Buffer, wanted?: ReadonlySet<string>): ReturnType<typeof readSafetensors> {
  const path = join(folder, 'made.safetensors');
  writeFileSync(path, content);
  return readSafetensors(path, wanted);
}

interface Parts {
  header: unknown;
  data?: Buffer;
  /** Bytes that the file claims for its header. */
  length?: number | bigint;
}

/** A file of a header, given as text, bytes or a value, and data. */
function made({ header, data = Buffer.alloc(0), length }: Parts): Buffer {
  const text = Buffer.isBuffer(header) ? header : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(length ?? text.length));
  return Buffer.concat([size, text, data]);
}

const tensor = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
const words = (...values: number[]) => Buffer.from(Uint16Array.from(values).buffer);
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const GOOD = tensor('F32', [2], [0, 8]);
const EIGHT = floats(1, 2);

test('reads F32, F16 and BF16', async () => {
  const header = {
    __metadata__: { format: 'pt' },
    half: tensor('F16', [2, 4], [8, 24]),
    whole: tensor('F32', [2, 1], [0, 8]),
    brain: tensor('BF16', [3], [24, 30]),
    scalar: tensor('F32', [], [30, 34]),
    none: tensor('F32', [0, 7], [34, 34]),
  };
  // 1, -2, the largest, the smallest normal, the smallest, 0, -0, 1/3
  const half = words(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0, 0x8000, 0x3555);
  const data = Buffer.concat([floats(0.5, -1e30), half, words(0x3f80, 0xc040, 0x0001), floats(7)]);
  const tensors = await read(made({ header, data }));
  expect([...tensors].map(([name, { shape, values }]) => [name, shape, [...values]])).toEqual([
    ['whole', [2, 1], [0.5, Math.fround(-1e30)]],
    ['half', [2, 4], [1, -2, 65_504, 2 ** -14, 2 ** -24, 0, -0, 0x555 / 2 ** 12]],
    ['brain', [3], [1, -3, 2 ** -133]],
    ['scalar', [], [7]],
    ['none', [0, 7], []],
  ]);
});

const rules: [title: string, file: Buffer, message: RegExp][] = [
  ['no bytes', Buffer.alloc(0), /found 0/],
  ['9 bytes', Buffer.alloc(9), /found 9/],
  ['a header of 0 bytes', made({ header: '', length: 0, data: EIGHT }), /claims 0 bytes/],
  ['a header of 2^64 - 1 bytes', made({ header: { a: GOOD }, data: EIGHT, length: 2n ** 64n - 1n }), /not a safetensors file/],
  ['a header longer than the file', made({ header: '{}', length: 3 }), /claims 3 bytes/],
  ['a header of more than 1 MiB', made({ header: `{"a":"${'x'.repeat(1 << 20)}"}` }), /claims 1048584 bytes/],
  ['a GGUF file', Buffer.from('GGUF\u0003\0\0\0\0\0\0\0'), /not a safetensors file/],
  ['a header that is no JSON', made({ header: '{"a":' }), /no JSON/],
  ['bytes that are no UTF-8', made({ header: Buffer.from('{"\xff":{}}', 'latin1') }), /no JSON/],
  ['a blank before the header', made({ header: ` ${JSON.stringify({ a: GOOD })}`, data: EIGHT }), /no JSON object/],
  ['a mark of byte order before the header', made({ header: `\ufeff${JSON.stringify({ a: GOOD })}`, data: EIGHT }), /no JSON/],
  ['an array', made({ header: '[[]]' }), /no JSON object/],
  ['nesting without end', made({ header: `{"a":${'['.repeat(400_000)}${']'.repeat(400_000)}}` }), /no JSON|no valid/],
  ['a tensor that is null', made({ header: { a: null } }), /tensor a has no valid/],
  ['a tensor that is text', made({ header: { a: 'F32' } }), /tensor a has no valid/],
  ['no dtype', made({ header: { a: { shape: [2], data_offsets: [0, 8] } }, data: EIGHT }), /tensor a/],
  ['no shape', made({ header: { a: { dtype: 'F32', data_offsets: [0, 8] } }, data: EIGHT }), /tensor a has no valid/],
  ['no offsets', made({ header: { a: { dtype: 'F32', shape: [2] } }, data: EIGHT }), /tensor a has no valid/],
  ['a fourth property', made({ header: { a: { ...GOOD, extra: 1 } }, data: EIGHT }), /tensor a has no valid/],
  ['a negative dimension', made({ header: { a: tensor('F32', [-2], [0, 8]) }, data: EIGHT }), /tensor a has no valid/],
  ['a dimension that is no integer', made({ header: { a: tensor('F32', [0.5, 4], [0, 8]) }, data: EIGHT }), /no valid/],
  ['a dimension that is text', made({ header: { a: tensor('F32', ['2'], [0, 8]) }, data: EIGHT }), /no valid/],
  ['three offsets', made({ header: { a: tensor('F32', [2], [0, 8, 8]) }, data: EIGHT }), /no valid/],
  ['offsets backwards', made({ header: { a: tensor('F32', [2], [8, 0]) }, data: EIGHT }), /no valid/],
  [
    'an offset beyond 2^53',
    made({ header: '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9007199254740993]}}' }),
    /no valid/,
  ],
  ['a shape of fewer values', made({ header: { a: tensor('F32', [1], [0, 8]) }, data: EIGHT }), /needs 4 bytes, has 8/],
  ['a shape of more values', made({ header: { a: tensor('F32', [2, 2], [0, 8]) }, data: EIGHT }), /needs 16 bytes, has 8/],
  ['a shape that overflows', made({ header: { a: tensor('F32', [2 ** 52, 2 ** 52, 0], [0, 8]) }, data: EIGHT }), /has 8/],
  ['an integer type', made({ header: { a: tensor('I64', [1], [0, 8]) }, data: EIGHT }), /type I64/],
  ['F64', made({ header: { a: tensor('F64', [1], [0, 8]) }, data: EIGHT }), /type F64/],
  ['a type of Object’s own', made({ header: { a: tensor('toString', [2], [0, 8]) }, data: EIGHT }), /type toString/],
  ['data that does not begin at 0', made({ header: { a: tensor('F32', [1], [4, 8]) }, data: EIGHT }), /begins at 4, expected 0/],
  [
    'a hole',
    made({ header: { a: tensor('F32', [1], [0, 4]), b: tensor('F16', [1], [6, 8]) }, data: EIGHT }),
    /b begins at 6, expected 4/,
  ],
  ['an overlap', made({ header: { a: GOOD, b: tensor('F32', [1], [4, 8]) }, data: EIGHT }), /b begins at 4, expected 8/],
  ['two tensors in one place', made({ header: { a: GOOD, b: GOOD }, data: EIGHT }), /b begins at 0, expected 8/],
  ['an empty tensor within another', made({ header: { a: GOOD, b: tensor('F32', [0], [4, 4]) }, data: EIGHT }), /b begins at 4/],
  ['data cut short', made({ header: { a: GOOD }, data: EIGHT.subarray(0, 7) }), /ends at 8, the data has 7/],
  [
    'bytes behind the last tensor',
    made({ header: { a: GOOD }, data: Buffer.concat([EIGHT, Buffer.alloc(1)]) }),
    /1 bytes follow/,
  ],
  ['NaN', made({ header: { a: GOOD }, data: floats(1, Number.NaN) }), /not finite/],
  ['infinity', made({ header: { a: GOOD }, data: floats(Number.NEGATIVE_INFINITY, 1) }), /not finite/],
  ['infinity in F16', made({ header: { a: tensor('F16', [1], [0, 2]) }, data: words(0x7c00) }), /not finite/],
  ['NaN in F16', made({ header: { a: tensor('F16', [1], [0, 2]) }, data: words(0x7e00) }), /not finite/],
  ['infinity in BF16', made({ header: { a: tensor('BF16', [1], [0, 2]) }, data: words(0xff80) }), /not finite/],
  ['metadata that is no text', made({ header: { __metadata__: { a: 1 }, a: GOOD }, data: EIGHT }), /__metadata__/],
  ['metadata that is an array', made({ header: { __metadata__: ['a'], a: GOOD }, data: EIGHT }), /__metadata__/],
  ['a tensor named __proto__ that is damaged', made({ header: '{"__proto__":{"dtype":"F32"}}' }), /__proto__ has no valid/],
];

test.each(rules)('F19: %s', async (_, file, message) => {
  await expect(read(file)).rejects.toMatchObject({ code: 'PROJECTOR_CORRUPT', message: expect.stringMatching(message) });
});

const entry = JSON.stringify(GOOD);
test.each([
  ['a name twice', `{"a":${entry},"a":${entry}}`],
  ['a name twice, with a blank', `{"a" :${entry},"a"\n:${entry}}`],
  ['a name twice, once with an escape', `{"a":${entry},"\\u0061":${entry}}`],
  ['metadata twice', `{"__metadata__":{},"__metadata__":{},"a":${entry}}`],
  ['a property twice', `{"a":{"dtype":"F16","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`],
])('F19: %s', async (_, header) => {
  const expected = { code: 'PROJECTOR_CORRUPT', message: expect.stringContaining('twice') };
  await expect(read(made({ header, data: EIGHT }))).rejects.toMatchObject(expected);
});

test('tensors without values may lie where others begin and end, in any order', async () => {
  const none = (at: number) => tensor('F32', [0], [at, at]);
  const tensors = await read(made({ header: { a: GOOD, before: none(0), after: none(8), before2: none(0) }, data: EIGHT }));
  expect([...tensors].map(([name, { values }]) => [name, values.length])).toEqual([
    ['before', 0],
    ['before2', 0],
    ['a', 2],
    ['after', 0],
  ]);
});

test('names that look like members of JSON are names', async () => {
  const header = { 'a":': GOOD, '\\': tensor('F32', [0], [8, 8]), __metadata__: { 'x":"y': '{"a":1}' } };
  expect([...(await read(made({ header, data: EIGHT }))).keys()]).toEqual(['a":', '\\']);
});

test('a file that is not there, and a folder', async () => {
  await expect(readSafetensors(join(folder, 'none'))).rejects.toMatchObject({ code: 'PROJECTOR_NOT_FOUND' });
  await expect(readSafetensors(folder)).rejects.toMatchObject({
    code: 'PROJECTOR_CORRUPT',
    message: expect.stringMatching(/regular file/),
  });
});

test('of a larger file only what is wanted is read; the rest may be of any type', async () => {
  const header = { ids: tensor('I64', [1], [0, 8]), a: tensor('F32', [2], [8, 16]), b: tensor('F32', [2], [16, 24]) };
  const data = Buffer.concat([floats(0, 0), EIGHT, floats(Number.NaN, 0)]);
  const wanted = new Set(['a', 'absent']);
  expect([...(await read(made({ header, data }), wanted))]).toEqual([['a', { shape: [2], values: Float32Array.of(1, 2) }]]);
  const corrupt = { code: 'PROJECTOR_CORRUPT' };
  await expect(read(made({ header, data }), new Set(['b']))).rejects.toMatchObject(corrupt);
  await expect(read(made({ header, data }), new Set(['ids']))).rejects.toMatchObject(corrupt);
  await expect(read(made({ header, data: data.subarray(0, 20) }), wanted)).rejects.toMatchObject(corrupt);
});
