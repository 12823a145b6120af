import { expect, test } from 'vitest';
import { makeCharsmap } from '../../../scripts/model/charsmap.mjs';
import { findCharsmapFault } from '../../../src/files/check/charsmap.js';
import { workshop } from '../../helpers/checked.js';
import { value, withEntries } from '../../helpers/gguf-pieces.mjs';

const { pieces, expectRefused } = workshop();

const LEAF = 0x100;
/** A table that replaces "a" and "aé"; its node of "a" is the second block, that of "aé" the fourth. */
const good = () =>
  Uint8Array.from(
    makeCharsmap([
      ['a', 'x'],
      ['aé', 'yy'],
    ]),
  );

function changed(change: (units: DataView, at: (unit: number) => number) => void): Uint8Array {
  const bytes = good();
  change(new DataView(bytes.buffer), (unit) => 4 + unit * 4);
  return bytes;
}

const A = 256 ^ 'a'.charCodeAt(0);

test('a table as sentencepiece writes it passes', () => {
  expect(findCharsmapFault(good())).toBeUndefined();
  expect(findCharsmapFault(Uint8Array.from(makeCharsmap([['x'.repeat(64), 'y'.repeat(255)]])))).toBeUndefined();
});

const faults: [string, () => Uint8Array, RegExp][] = [
  ['without anything', () => new Uint8Array(0), /has 0 bytes, expected 8/],
  ['too large', () => new Uint8Array(2 ** 20 + 1), /has 1048577 bytes/],
  ['without a trie', () => new Uint8Array(8), /its trie has 0 bytes, in 8 bytes/],
  ['with a trie that goes past the end', () => changed((units) => units.setUint32(0, 2 ** 32 - 1, true)), /4294967295 bytes/],
  ['with a trie and nothing behind it', () => changed((units) => units.setUint32(0, units.byteLength - 4, true)), /trie has/],
  ['that ends within a text', () => good().subarray(0, -1), /ends without a zero byte/],
  ['whose root points outside', () => changed((units, at) => units.setUint32(at(0), 2 ** 31 - 1024, true)), /outside/],
  ['with a node that points outside', () => changed((units, at) => units.setUint32(at(A), 0x7ffffc61, true)), /outside/],
  [
    'with a leaf that points outside',
    () => changed((units, at) => units.setUint32(at(A), (0x1ffff << 10) | LEAF | 0x61, true)),
    /outside/,
  ],
  ['with a replacement outside', () => changed((units, at) => units.setUint32(at(512), 2 ** 31 + 5, true)), /outside/],
  // "a" leads to where "a" is looked for again.
  ['that goes in a circle', () => changed((units, at) => units.setUint32(at(A), (0x61 << 10) | 0x61, true)), /64 bytes at once/],
  ['of a text that is too long', () => Uint8Array.from(makeCharsmap([['x'.repeat(65), 'y']])), /more than 64 bytes at once/],
  ['with a replacement that is too long', () => Uint8Array.from(makeCharsmap([['x', 'y'.repeat(256)]])), /more than 256 bytes/],
];
test.each(faults)('F17: a table of replaced characters %s has a fault', (_, make, message) => {
  expect(findCharsmapFault(make())).toMatch(message);
});

test('F17: one in a file is MODEL_BAD_VOCAB', async () => {
  const list = value.list(
    0,
    [...good().subarray(0, -1)].map((byte) => Buffer.from([byte])),
  );
  await expectRefused(
    withEntries(pieces('xlm-roberta'), { 'tokenizer.ggml.precompiled_charsmap': list }),
    'MODEL_BAD_VOCAB',
    /precompiled_charsmap ends without a zero byte/,
  );
});
