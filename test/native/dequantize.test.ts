import { expect, test } from 'vitest';
import { openLibrary } from '../../src/engine/library.js';
import { fault } from '../helpers/native.js';

const { addon } = await openLibrary('cpu');

/** A number in 16 bits, for those used here. */
const half = (value: number): number[] => {
  const codes: Record<number, number> = { 1: 0x3c00, 0.5: 0x3800, [-2]: 0xc000 };
  const code = codes[value] as number;
  return [code & 255, code >> 8];
};

test.each([
  ['F32', [...new Uint8Array(Float32Array.of(1.5, -2).buffer)], [1.5, -2]],
  ['F16', [...half(0.5), ...half(-2)], [0.5, -2]],
  ['BF16', [0x80, 0x3f, 0x00, 0xc0], [1, -2]],
  ['Q8_0', [...half(0.5), ...Array.from({ length: 32 }, (_, i) => i)], Array.from({ length: 32 }, (_, i) => i / 2)],
  // Low halves of the bytes are the first 16 numbers; 8 is zero.
  ['Q4_0', [...half(1), ...new Array(16).fill(0xf0)], [...new Array(16).fill(-8), ...new Array(16).fill(7)]],
])('%s', (type, bytes, expected) => {
  expect([...addon.dequantize(type, Uint8Array.from(bytes), expected.length)]).toEqual(expected);
});

test.each(['Q4_K', 'Q5_K', 'Q6_K', 'IQ4_NL', 'IQ4_XS', 'Q2_K', 'Q3_K', 'IQ2_XXS', 'IQ1_S', 'IQ3_S', 'Q5_1'])(
  '%s is known',
  async (type) => {
    expect(await fault(() => addon.dequantize(type, new Uint8Array(1), 256))).toMatchObject({ message: /1 bytes are not 256/ });
  },
);

test.each([
  ['another type', 'Q9', 4, 1, /unknown tensor type Q9/],
  ['too few bytes', 'F32', 4, 2, /4 bytes are not 2 numbers/],
  ['half a block', 'Q8_0', 34, 16, /34 bytes are not 16/],
  ['a count below 0', 'F32', 0, -1, /not -1 numbers/],
])('%s is refused', async (_, type, bytes, count, message) => {
  expect(await fault(() => addon.dequantize(type, new Uint8Array(bytes), count))).toEqual({
    code: 'INTERNAL',
    message: expect.stringMatching(message),
  });
});
