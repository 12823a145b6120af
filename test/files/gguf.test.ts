import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readGguf } from '../../src/files/gguf.js';

const STARTER = fileURLToPath(new URL('../../gguf/all-MiniLM-L6-v2-Q8_0.gguf', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gguf-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string | Buffer): string {
  const path = join(folder, 'made.gguf');
  writeFileSync(path, content);
  return path;
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
};
const string = (text: string): Buffer => Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)]);

interface Parts {
  version?: number;
  /** Each is a name, the number of the type, and the bytes of the value. */
  metadata?: [name: string, type: number, value: Buffer][];
  tensors?: { name: string; shape: (number | bigint)[]; type: number; offset: number }[];
  tensorCount?: number | bigint;
  metadataCount?: number | bigint;
  tail?: number;
}

function gguf({ version = 3, metadata = [], tensors = [], tensorCount, metadataCount, tail = 0 }: Parts): Buffer {
  return Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensorCount ?? tensors.length),
    u64(metadataCount ?? metadata.length),
    ...metadata.flatMap(([name, type, value]) => [string(name), u32(type), value]),
    ...tensors.flatMap(({ name, shape, type, offset }) => [
      string(name),
      u32(shape.length),
      ...shape.map(u64),
      u32(type),
      u64(offset),
    ]),
    Buffer.alloc(tail),
  ]);
}

test('reads the starter model', async () => {
  const header = await readGguf(STARTER);
  expect(header).toMatchObject({ version: 3, parameters: 22_565_376, fileBytes: 25_284_064, expectedBytes: 25_284_064 });
  expect(header.tensors).toHaveLength(101);
  expect(header.tensors.find(({ name }) => name === 'token_embd.weight')).toMatchObject({ type: 'Q8_0', shape: [384, 30522] });
  expect(header.metadata.get('general.architecture')).toBe('bert');
  expect(header.metadata.get('tokenizer.ggml.tokens')).toHaveLength(30_522);
});

test('reads every type of value', async () => {
  const f32 = Buffer.alloc(4);
  f32.writeFloatLE(0.5);
  const f64 = Buffer.alloc(8);
  f64.writeDoubleLE(1e300);
  const path = file(
    gguf({
      metadata: [
        ['u8', 0, Buffer.from([200])],
        ['i8', 1, Buffer.from([200])],
        ['u16', 2, Buffer.from([1, 2])],
        ['i16', 3, Buffer.from([0, 255])],
        ['u32', 4, u32(4_000_000_000)],
        ['i32', 5, u32(4_294_967_295)],
        ['f32', 6, f32],
        ['bool', 7, Buffer.from([1])],
        ['string', 8, string('é日')],
        ['array', 9, Buffer.concat([u32(8), u64(2), string('a'), string('')])],
        ['u64', 10, u64(7)],
        ['big', 10, u64(2n ** 64n - 1n)],
        ['i64', 11, u64(-7n)],
        ['f64', 12, f64],
        ['__proto__', 8, string('harmless')],
      ],
    }),
  );
  expect([...(await readGguf(path)).metadata]).toEqual([
    ['u8', 200],
    ['i8', -56],
    ['u16', 513],
    ['i16', -256],
    ['u32', 4_000_000_000],
    ['i32', -1],
    ['f32', 0.5],
    ['bool', true],
    ['string', 'é日'],
    ['array', ['a', '']],
    ['u64', 7],
    ['big', 2n ** 64n - 1n],
    ['i64', -7],
    ['f64', 1e300],
    ['__proto__', 'harmless'],
  ]);
});

test('a header larger than the first read', async () => {
  const long = 'x'.repeat(5 * 1024 * 1024);
  const { metadata } = await readGguf(
    file(
      gguf({
        metadata: [
          ['a', 8, string(long)],
          ['b', 4, u32(1)],
        ],
      }),
    ),
  );
  expect([metadata.get('a'), metadata.get('b')]).toEqual([long, 1]);
});

test('sizes of tensors, and how large the file should be', async () => {
  const tensors = [
    { name: 'a', shape: [64, 3], type: 8, offset: 0 },
    { name: 'b', shape: [5], type: 0, offset: 224 },
  ];
  const header = await readGguf(file(gguf({ tensors, tail: 8 })));
  expect(header.tensors).toEqual([
    { name: 'a', shape: [64, 3], type: 'Q8_0', offset: header.dataOffset, bytes: 204 },
    { name: 'b', shape: [5], type: 'F32', offset: header.dataOffset + 224, bytes: 20 },
  ]);
  expect(header.parameters).toBe(197);
  expect(header.dataOffset % 32).toBe(0);
  expect(header.expectedBytes).toBe(header.dataOffset + 244);
  expect(header.expectedBytes).toBeGreaterThan(header.fileBytes);
});

test('a file cut anywhere in its header is an error, at once', async () => {
  const whole = readFileSync(STARTER);
  const { dataOffset } = await readGguf(STARTER);
  const cuts = [4, 7, 8, 15, 16, 23, 24, 30, 100, 5000, 300_000, 600_000, dataOffset - 40];
  for (const cut of cuts) {
    await expect(readGguf(file(whole.subarray(0, cut))), `${cut} bytes`).rejects.toMatchObject({ code: 'MODEL_TRUNCATED' });
  }
  for (const cut of [0, 1, 3]) {
    await expect(readGguf(file(whole.subarray(0, cut)))).rejects.toMatchObject({ code: 'MODEL_BAD_MAGIC' });
  }
});

test('every cut of a small file, and every changed byte, is an answer or a typed error', async () => {
  const whole = gguf({
    metadata: [
      ['general.alignment', 4, u32(32)],
      ['list', 9, Buffer.concat([u32(4), u64(2), u32(1), u32(2)])],
    ],
    tensors: [{ name: 'a', shape: [32, 2], type: 2, offset: 0 }],
    tail: 100,
  });
  const outcomes = { read: 0, refused: 0 };
  const attempt = async (bytes: Buffer): Promise<void> => {
    try {
      await readGguf(file(bytes));
      outcomes.read++;
    } catch (error) {
      expect((error as { code?: string }).code).toMatch(/^MODEL_(TRUNCATED|CORRUPT|BAD_MAGIC|BAD_VERSION)$/);
      outcomes.refused++;
    }
  };
  for (let cut = 0; cut < whole.length; cut++) await attempt(whole.subarray(0, cut));
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0x00, 0x7f, 0xff]) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      await attempt(changed);
    }
  }
  expect(outcomes.read).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(100);
});

const lies: [title: string, parts: Parts, message: RegExp][] = [
  ['2^62 tensors', { tensorCount: 2n ** 62n, tail: 100 }, /counts .* tensors/],
  ['-1 metadata entries', { metadataCount: -1n, tail: 100 }, /counts .* metadata entries/],
  ['a string of 2^62 bytes', { metadata: [['a', 8, u64(2n ** 62n)]] }, /entry a holds a text of/],
  ['an array of 2^62', { metadata: [['a', 9, Buffer.concat([u32(0), u64(2n ** 62n)])]] }, /entry a has .* elements/],
  ['an array of arrays', { metadata: [['a', 9, Buffer.concat([u32(9), u64(0)])]] }, /list of lists/],
  ['an unknown type', { metadata: [['a', 13, u64(0)]] }, /entry a has the unknown type 13/],
  [
    'a name twice',
    {
      metadata: [
        ['a', 4, u32(1)],
        ['a', 4, u32(1)],
      ],
    },
    /entry a is there twice/,
  ],
  ['an empty name', { metadata: [['', 4, u32(1)]] }, /entry 1 of 1 has no name/],
  ['alignment 0', { metadata: [['general.alignment', 4, u32(0)]] }, /power of two/],
  ['alignment 3', { metadata: [['general.alignment', 4, u32(3)]] }, /power of two/],
  ['alignment that is text', { metadata: [['general.alignment', 8, string('32')]] }, /power of two/],
  ['5 dimensions', { tensors: [{ name: 'a', shape: [1, 1, 1, 1, 1], type: 0, offset: 0 }] }, /5 dimensions, expected 1 to 4/],
  ['a dimension of 0', { tensors: [{ name: 'a', shape: [0], type: 0, offset: 0 }] }, /shape \[0\]/],
  ['dimensions that overflow', { tensors: [{ name: 'a', shape: [2 ** 32, 2 ** 32], type: 0, offset: 0 }] }, /cannot have/],
  ['rows that end in a block', { tensors: [{ name: 'a', shape: [33], type: 8, offset: 0 }] }, /\[33\], which Q8_0 cannot/],
  ['an unknown tensor type', { tensors: [{ name: 'a', shape: [1], type: 4, offset: 0 }] }, /type 4/],
  [
    'a tensor twice',
    {
      tensors: [
        { name: 'a', shape: [1], type: 0, offset: 0 },
        { name: 'a', shape: [1], type: 0, offset: 32 },
      ],
    },
    /tensor a is there twice/,
  ],
];
test.each(lies)('refuses %s', async (_, parts, message) => {
  await expect(readGguf(file(gguf(parts)))).rejects.toMatchObject({
    code: 'MODEL_CORRUPT',
    message: expect.stringMatching(message),
  });
});

test.each([
  ['a web page', '<!DOCTYPE html><html>', /web page/],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /Git LFS pointer/],
  ['safetensors', Buffer.concat([u64(100), Buffer.from('{"a":{}}')]), /safetensors/],
  ['a ZIP archive', 'PK\u0003\u0004', /ZIP/],
  ['GGML', Buffer.from('tjgg\u0003\0\0\0', 'latin1'), /old GGML format/],
  ['text', 'hello there', /text file/],
  ['nothing', '', /empty/],
])('says what a file that is not GGUF looks like: %s', async (_, content, message) => {
  const expected = { code: 'MODEL_BAD_MAGIC', message: expect.stringMatching(message) };
  await expect(readGguf(file(content))).rejects.toMatchObject(expected);
});

test.each([
  [1, /version 1/],
  [4, /version 4/],
  [0, /version 0/],
  [0x03000000, /big-endian/],
])('refuses version %i', async (version, message) => {
  const expected = { code: 'MODEL_BAD_VERSION', message: expect.stringMatching(message) };
  await expect(readGguf(file(gguf({ version, tail: 100 })))).rejects.toMatchObject(expected);
});

test('paths that are no file', async () => {
  await expect(readGguf('')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  await expect(readGguf(join(folder, 'none.gguf'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  await expect(readGguf(folder)).rejects.toMatchObject({ code: 'MODEL_NOT_REGULAR' });
});

test.skipIf(process.platform === 'win32')('a named pipe and a device are refused at once; a link is followed', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(readGguf(pipe)).rejects.toMatchObject({ code: 'MODEL_NOT_REGULAR' });
  await expect(readGguf('/dev/zero')).rejects.toMatchObject({ code: 'MODEL_NOT_REGULAR' });
  const link = join(folder, 'link 日本.gguf');
  symlinkSync(STARTER, link);
  expect((await readGguf(link)).tensors).toHaveLength(101);
});
