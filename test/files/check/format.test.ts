import { expect, test } from 'vitest';
import { workshop } from '../../helpers/checked.js';
import { headerOf, long, type Pieces, putTogether, value, withEntries, withTensor, word } from '../../helpers/gguf-pieces.mjs';

const { pieces, check, expectRefused, problems } = workshop();
const KINDS = ['qwen3', 'bert', 'window'] as const;

test.each(KINDS)('a good %s file passes, in version 2 and 3', async (kind) => {
  const { architecture, trailingBytes } = await check(pieces(kind));
  expect([architecture?.name, trailingBytes]).toEqual([kind === 'bert' ? 'bert' : 'qwen3', 0]);
  await check({ ...pieces(kind), version: 2 });
  expect(await problems(pieces(kind))).toEqual([]);
});

test.each([
  ['no bytes', '', /empty/],
  ['three bytes', 'GGU', /text file/],
  ['a web page', '<!DOCTYPE html><html>', /web page/],
  ['safetensors', Buffer.concat([long(100), Buffer.from('{"a":{}}')]), /safetensors/],
  ['a ZIP archive', 'PK\u0003\u0004', /ZIP/],
  ['GGML of version 1', Buffer.from('lmgg\u0001\0\0\0', 'latin1'), /old GGML format/],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /Git LFS pointer/],
])('F03: %s is MODEL_BAD_MAGIC, with what it looks like', async (_, content, message) => {
  await expectRefused(content, 'MODEL_BAD_MAGIC', message);
});

test.each([
  [0, /version 0/],
  [1, /version 1/],
  [4, /version 4/],
  [0x03000000, /big-endian/],
])('F04: version %i is MODEL_BAD_VERSION', async (version, message) => {
  await expectRefused({ ...pieces('qwen3'), version }, 'MODEL_BAD_VERSION', message);
});

test('F05: a file cut at any byte of its header, or at 200 places of its data, is MODEL_TRUNCATED', {
  timeout: 60_000,
}, async () => {
  const whole = putTogether(pieces('bert'));
  const header = headerOf(pieces('bert')).length;
  const data = Array.from({ length: 200 }, (_, i) => header + Math.floor(((whole.length - header) * i) / 200));
  for (const end of [...Array.from({ length: header - 4 }, (_, i) => i + 4), ...data]) {
    const size = new RegExp(`(needs at least|tensors need) \\d+ bytes, (it|the file) has ${end}\\b`);
    await expectRefused(whole.subarray(0, end), 'MODEL_TRUNCATED', size);
  }
});

test.each([0n, -1n, 4097n, 2n ** 40n, 2n ** 62n])('F06: %d entries or tensors are refused', async (count) => {
  await expect(check({ ...pieces('qwen3'), entryCount: count })).rejects.toMatchObject({
    code: expect.stringMatching(/^MODEL_/),
  });
  await expect(check({ ...pieces('qwen3'), tensorCount: count })).rejects.toMatchObject({
    code: expect.stringMatching(/^MODEL_/),
  });
});

test('F06: one entry or tensor more or less is refused', async () => {
  const { entries, tensors } = pieces('qwen3');
  for (const difference of [-1, 1]) {
    for (const other of [
      { entryCount: BigInt(entries.length + difference) },
      { tensorCount: BigInt(tensors.length + difference) },
    ]) {
      await expectRefused({ ...pieces('qwen3'), ...other }, 'MODEL_CORRUPT');
    }
  }
});

const lies: [title: string, other: Buffer, message: RegExp][] = [
  ['a text of 2^62 bytes', Buffer.concat([word(8), long(2n ** 62n)]), /entry general.name holds a text of/],
  ['a text longer than 64 MB', Buffer.concat([word(8), long(2 ** 27)]), /entry general.name holds a text of 134217728 bytes/],
  ['a list of 2^62', value.list(4, [], 2n ** 62n), /entry general.name has .* elements/],
  ['a list of texts of 2^40', value.list(8, [], 2n ** 40n), /entry general.name has .* elements/],
  ['a list of texts, one of 2^62 bytes', value.list(8, [long(2n ** 62n)], 1), /entry general.name, element 0/],
  ['a list of lists', value.list(9, []), /entry general.name is a list of lists/],
  ['an unknown type', word(13), /entry general.name has the unknown type 13/],
  ['a list of an unknown type', value.list(99, []), /entry general.name has the unknown type 99/],
];
test.each(lies)('F07: %s is MODEL_CORRUPT, with the key', async (_, other, message) => {
  await expectRefused(withEntries(pieces('qwen3'), { 'general.name': other }), 'MODEL_CORRUPT', message);
});

test('F07: what reaches just past the end of the file is told as a cut, with the key', async () => {
  const { entries } = pieces('qwen3');
  const end = headerOf({
    ...pieces('qwen3'),
    entries: [...entries, { key: Buffer.from('k'), value: Buffer.alloc(0) }],
    tensors: [],
  });
  for (const other of [Buffer.concat([word(8), long(1000)]), value.list(4, [], 1000), value.list(8, [], 1000)]) {
    await expectRefused(Buffer.concat([end, other, Buffer.alloc(100)]), 'MODEL_TRUNCATED', /entry k needs at least/);
  }
});

test('F08: a key that is there twice, one without a name, too long, or with a zero byte, is MODEL_CORRUPT', async () => {
  const { entries } = pieces('qwen3');
  const withKey = (key: string): Pieces => ({
    ...pieces('qwen3'),
    entries: [...entries, { key: Buffer.from(key), value: value.u32(1) }],
  });
  await expectRefused(withKey('general.name'), 'MODEL_CORRUPT', /entry general.name is there twice/);
  await expectRefused(withKey(''), 'MODEL_CORRUPT', /has no name/);
  await expectRefused(withKey('k'.repeat(257)), 'MODEL_CORRUPT', /text of 257 bytes/);
  // llama.cpp would take the number of layers from it.
  await expectRefused(withKey('qwen3.block_count\0'), 'MODEL_CORRUPT', /entry qwen3.block_count\? has a name with a zero byte/);
  await check(withKey('k'.repeat(256)));
});

test('F08: a tensor that is there twice is MODEL_CORRUPT', async () => {
  await expectRefused(
    withTensor(pieces('bert'), 'blk.0.attn_k.bias', { name: Buffer.from('blk.0.attn_q.bias') }),
    'MODEL_CORRUPT',
    /tensor blk.0.attn_q.bias is there twice/,
  );
});

test.each([0, 1, 3, 8, 16, 48, 8192, 2 ** 31])('F09: alignment %i is refused', async (alignment) => {
  const changed = withEntries(pieces('qwen3'), { 'general.alignment': value.u32(alignment) });
  await expectRefused(changed, 'MODEL_CORRUPT', /general.alignment is \d+ \(u32\), expected a power of two from 32 to 4096/);
});

test('F09: an alignment of another type is refused', async () => {
  for (const other of [value.text('32'), value.i32(32), value.u64(32), value.list(4, [])]) {
    await expectRefused(withEntries(pieces('qwen3'), { 'general.alignment': other }), 'MODEL_CORRUPT', /general.alignment/);
  }
  await check(withEntries(pieces('qwen3'), { 'general.alignment': value.u32(32) }));
});

const shapes: [title: string, shape: bigint[], type: number, message: RegExp][] = [
  ['a dimension of 0', [64n, 0n], 1, /shape \[64, 0\]/],
  ['a negative dimension', [64n, -1n], 1, /shape \[64, 18446744073709552000\], which F16 cannot/],
  ['no dimensions', [], 1, /0 dimensions, expected 1 to 4/],
  ['five dimensions', [1n, 1n, 1n, 1n, 1n], 1, /5 dimensions, expected 1 to 4/],
  ['dimensions whose product overflows', [2n ** 32n, 2n ** 32n], 1, /which F16 cannot/],
  ['rows that end within a block', [33n, 32n], 8, /shape \[33, 32\], which Q8_0 cannot/],
];
test.each(shapes)('F10: %s are MODEL_CORRUPT', async (_, shape, type, message) => {
  await expectRefused(withTensor(pieces('qwen3'), 'blk.0.attn_q.weight', { shape, type }), 'MODEL_CORRUPT', message);
});

test.each([32n, -32n, 1n, 2n ** 40n, 2n ** 63n])(
  'F11: data moved by %d is MODEL_CORRUPT: a gap, an overlap, past the end',
  async (distance) => {
    const name = 'blk.0.attn_q.weight';
    const offset = pieces('qwen3').tensors.find((tensor) => tensor.name.toString() === name)?.offset ?? 0n;
    await expectRefused(
      withTensor(pieces('qwen3'), name, { offset: offset + distance }),
      'MODEL_CORRUPT',
      /data of tensor blk.0.attn_q.weight begins at \d+, expected \d+/,
    );
  },
);

test('F11: bytes behind the last tensor are no fault, but told', async () => {
  const { data } = pieces('qwen3');
  expect((await check({ ...pieces('qwen3'), data: Buffer.concat([data, Buffer.alloc(5000)]) })).trailingBytes).toBe(5000);
});

test('names out of a file cannot steer a terminal, nor fill it', async () => {
  const { entries } = pieces('qwen3');
  const key = Buffer.from(`\u001b[31m${'x'.repeat(200)}`);
  const [problem] = await problems({
    ...pieces('qwen3'),
    entries: [...entries, { key, value: value.u32(1) }, { key, value: value.u32(1) }],
  });
  expect(problem?.message).toMatch(/entry \?\[31mx{70,80}… is there twice/);
});
