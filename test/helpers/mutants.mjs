// @ts-check
// Bad files made from good ones: what a broken download, a broken disk, a broken converter and an attacker would make of them.
import { tensorType } from '../../dist/files/tensor-types.js';
import { counted, headerOf, itemsOf, long, putTogether, value, withEntries, withTensor, word } from './gguf-pieces.mjs';

/**
 * @typedef {import('./gguf-pieces.mjs').Pieces} Pieces
 * @typedef {{ name: string, make: () => Buffer }} Mutant
 */

const NUMBERS = [0, 1, 2, 31, 4095, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff];
const FRACTIONS = [0, -1, 1e-45, 0.5, 2, 1e30, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const TEXTS = ['', 'x', 'default', 'bert', 'gpt2', 't5', 'a'.repeat(70_000), '\u0000', '%s%n', Buffer.from([0xff, 0xc0, 0x80])];
const TENSOR_TYPES = [...Array.from({ length: 45 }, (_, i) => i), 99, 0xffffffff];

/** Keys that good files of these kinds do not have, but llama.cpp reads; each with values that are or may be trouble. @type {[string, Buffer[]][]} */
const ADDED = [
  ['general.alignment', [0, 1, 3, 8, 16, 32, 64, 4096, 2 ** 31].map(value.u32)],
  ['split.count', [value.u16(0), value.u16(1), value.u16(3), value.u32(3)]],
  ['split.no', [value.u16(0), value.u16(1), value.text('1')]],
  ['*.expert_count', [0, 1, 8, 1025].map(value.u32)],
  ['*.expert_used_count', [value.u32(1), value.list(4, [])]],
  ['*.expert_group_count', [value.u32(2)]],
  ['*.nextn_predict_layers', [1, 5, 0xffffffff].map(value.u32)],
  ['*.rope.dimension_count', [0, 16, 31, 32, 63, 64, 128, 0xffffffff].map(value.u32)],
  ['*.rope.dimension_count_swa', [value.u32(7)]],
  ['*.rope.scaling.type', ['', 'none', 'linear', 'yarn', 'longrope', 'su', 'unknown'].map(value.text)],
  ['*.rope.scaling.factor', FRACTIONS.map(value.f32)],
  ['*.rope.scale_linear', FRACTIONS.map(value.f32)],
  ['*.rope.scaling.attn_factor', FRACTIONS.map(value.f32)],
  ['*.rope.scaling.alpha', FRACTIONS.map(value.f32)],
  ['*.rope.scaling.original_context_length', NUMBERS.map(value.u32)],
  ['*.rope.freq_base', FRACTIONS.map(value.f32)],
  ['*.embedding_length_out', NUMBERS.map(value.u32)],
  ['*.attention.causal', [true, false].map(value.bool)],
  ['*.attention.key_length', NUMBERS.map(value.u32)],
  ['*.attention.value_length', NUMBERS.map(value.u32)],
  ['*.attention.key_length_swa', NUMBERS.map(value.u32)],
  ['*.attention.head_count_kv', NUMBERS.map(value.u32)],
  ['*.attention.sliding_window', NUMBERS.map(value.u32)],
  ['*.attention.sliding_window_pattern', [...[0, 1, 2, 3, 5, 7].map(value.u32), value.list(7, [])]],
  ['*.rope.freq_base_swa', FRACTIONS.map(value.f32)],
  ['*.hidden_activation', ['relu', 'reglu', 'silu', 'swiglu', 'x'].map(value.text)],
  ['*.moe_every_n_layers', [value.u32(0), value.u32(2)]],
  ['*.dense_2_feat_out', [0, 1, 64].map(value.u32)],
  ['*.pooling_type', [0, 1, 2, 3, 4, 5, 0xffffffff].map(value.u32)],
  ['*.classifier.output_labels', [value.u32(1), value.list(4, []), value.list(8, []), value.list(8, ['yes', 'no'].map(counted))]],
  ['tokenizer.ggml.scores', [value.list(6, []), value.list(4, []), value.u32(1)]],
  ['tokenizer.ggml.suppress_tokens', [value.list(5, [Buffer.alloc(4, 255)]), value.list(4, []), value.u32(1)]],
  ['tokenizer.ggml.fim_pad_token_id', NUMBERS.map(value.u32)],
  ['tokenizer.ggml.eot_token_id', NUMBERS.map(value.u32)],
  ['tokenizer.ggml.add_space_prefix', [value.bool(true), value.u32(1)]],
  ['tokenizer.ggml.remove_extra_whitespaces', [value.bool(true)]],
  ['tokenizer.ggml.normalizer.lowercase', [value.bool(true), value.u32(1)]],
  ['tokenizer.ggml.precompiled_charsmap', [value.list(0, []), value.list(0, [Buffer.alloc(4, 255)]), value.u32(1)]],
  ['tokenizer.chat_template', [value.text('x'.repeat(2 << 20)), value.text('{{'.repeat(1000))]],
  ['llama-rerank.max_tokens', [...NUMBERS.map(value.u32), value.text('9')]],
];

/**
 * @param {string} kind for the names
 * @param {Pieces} pieces
 * @param {() => number} random from 0 to 1
 * @param {number} flips how many files get random bytes, for each part of the file
 * @returns {Mutant[]}
 */
export function mutantsOf(kind, pieces, random, flips) {
  const named = [
    ...changedEntries(pieces),
    ...addedEntries(pieces),
    ...changedTensors(pieces),
    ...changedCounts(pieces),
    ...crafted(pieces),
    ...cuts(pieces),
    ...flipped(pieces, random, flips),
  ];
  return named.map(({ name, make }) => ({ name: `${kind}: ${name}`, make }));
}

/** @param {Pieces} pieces @returns {Mutant[]} */
function changedEntries(pieces) {
  return pieces.entries.flatMap(({ key, value: own }) => {
    const name = key.toString();
    /** @type {[string, Buffer | undefined][]} */
    const others = [
      ['deleted', undefined],
      ['as another type', own.readUInt32LE(0) === 4 ? value.text('4') : value.u32(4)],
      ...variants(own),
    ];
    return [
      ...others.map(([what, other]) => ({
        name: `${name} ${what}`,
        make: () => putTogether(withEntries(pieces, { [name]: other })),
      })),
      { name: `${name} twice`, make: () => putTogether({ ...pieces, entries: [...pieces.entries, { key, value: own }] }) },
      { name: `${name} renamed`, make: () => putTogether(renamed(pieces, name)) },
    ];
  });
}

/** @param {Pieces} pieces @param {string} name @returns {Pieces} */
function renamed(pieces, name) {
  const entries = pieces.entries.map((entry) =>
    entry.key.toString() === name ? { ...entry, key: Buffer.from(`${name}x`) } : entry,
  );
  return { ...pieces, entries };
}

/** Other values of the same type. @param {Buffer} own @returns {[string, Buffer][]} */
function variants(own) {
  switch (own.readUInt32LE(0)) {
    case 4: {
      const now = own.readUInt32LE(4);
      return [...NUMBERS, now - 1, now + 1, now * 2, now + 2 ** 31].map((n) => [`= ${n}`, value.u32(n)]);
    }
    case 6:
      return FRACTIONS.map((n) => [`= ${n}`, value.f32(n)]);
    case 7:
      return [['inverted', value.bool(own[4] === 0)]];
    case 8:
      return TEXTS.map((text, i) => [`= text ${i}`, value.text(text)]);
    case 9:
      return listVariants(own);
    default:
      return [];
  }
}

/** @param {Buffer} own @returns {[string, Buffer][]} */
function listVariants(own) {
  const { type, items } = itemsOf(own);
  const half = items.slice(0, items.length >> 1);
  const middle = items.length >> 1;
  const odd =
    type === 8
      ? ['', 'x'.repeat(70_000), '\u0000', Buffer.from([0xff])].map(counted)
      : [-1, 0, 2, 4, 5, 6, 7, 0x7fffffff].map((n) => long(n).subarray(0, items[0]?.length));
  return [
    ['empty', value.list(type, [])],
    ['halved', value.list(type, half)],
    ['doubled', value.list(type, [...items, ...items])],
    ['one longer', value.list(type, [...items, /** @type {Buffer} */ (items[0])])],
    ['reversed', value.list(type, [...items].reverse())],
    ...[2 ** 40, -1n, items.length + 1, items.length - 1].map(
      (n) => /** @type {[string, Buffer]} */ ([`of length ${n}`, value.list(type, items, n)]),
    ),
    ...Array.from({ length: 13 }, (_, other) => /** @type {[string, Buffer]} */ ([`of type ${other}`, value.list(other, items)])),
    ...odd.map((item, i) => /** @type {[string, Buffer]} */ ([`with odd item ${i}`, value.list(type, items.with(middle, item))])),
    ...odd.map(
      (item, i) =>
        /** @type {[string, Buffer]} */ ([
          `all odd item ${i}`,
          value.list(
            type,
            items.map(() => item),
          ),
        ]),
    ),
    ['with a repeated item', value.list(type, items.with(middle, /** @type {Buffer} */ (items[Math.max(middle - 1, 0)])))],
  ];
}

/** @param {Pieces} pieces @returns {Mutant[]} */
function addedEntries(pieces) {
  const architecture =
    pieces.entries
      .find(({ key }) => key.toString() === 'general.architecture')
      ?.value.subarray(12)
      .toString() ?? '';
  return ADDED.flatMap(([pattern, values]) => {
    const key = pattern.replace('*', architecture);
    return values.map((other, i) => ({
      name: `${key} added, value ${i}`,
      make: () => putTogether(withEntries(pieces, { [key]: other })),
    }));
  });
}

/** Each kind of tensor once: those of the first layer stand for all. @param {Pieces} pieces @returns {Mutant[]} */
function changedTensors(pieces) {
  const chosen = pieces.tensors.filter(({ name }) => !/^blk\.[1-9]/.test(name.toString()));
  return chosen.flatMap(({ name: bytes, shape, offset, type }, i) => {
    const name = bytes.toString();
    const last = /** @type {bigint} */ (shape.at(-1));
    /** @type {[string, Partial<import('./gguf-pieces.mjs').TensorPiece>][]} */
    const changes = [
      ['renamed', { name: Buffer.from(`${name}x`) }],
      ['without a name', { name: Buffer.alloc(0) }],
      ['with a long name', { name: Buffer.from(name.padEnd(64, 'x')) }],
      ['transposed', { shape: [...shape].reverse() }],
      ['flat', { shape: [shape.reduce((product, n) => product * n, 1n)] }],
      ['of one dimension more', { shape: [...shape, 1n] }],
      ['of no dimension', { shape: [] }],
      ['of five dimensions', { shape: [...shape, 1n, 1n, 1n, 1n].slice(0, 5) }],
      ...[0n, 1n, -1n, last - 1n, last + 32n, 2n ** 32n + last, 2n ** 62n].map(
        (n) => /** @type {[string, { shape: bigint[] }]} */ ([`of last dimension ${n}`, { shape: shape.with(-1, n) }]),
      ),
      ...[1n, 32n, -32n, 2n ** 40n, 2n ** 63n].map(
        (n) => /** @type {[string, { offset: bigint }]} */ ([`moved by ${n}`, { offset: offset + n }]),
      ),
      ...TENSOR_TYPES.filter((other) => other !== type).map(
        (other) => /** @type {[string, { type: number }]} */ ([`of type ${other}`, { type: other }]),
      ),
    ];
    const deleted = { ...pieces, tensors: pieces.tensors.toSpliced(i, 1) };
    return [
      { name: `${name} deleted`, make: () => putTogether(deleted) },
      ...changes.map(([what, change]) => ({
        name: `${name} ${what}`,
        make: () => putTogether(withTensor(pieces, name, change)),
      })),
    ];
  });
}

/** @param {Pieces} pieces @returns {Mutant[]} */
function changedCounts(pieces) {
  const counts = (/** @type {number} */ now) => [
    0n,
    BigInt(now - 1),
    BigInt(now + 1),
    4097n,
    2n ** 32n,
    2n ** 40n,
    2n ** 62n,
    -1n,
  ];
  return [
    ...counts(pieces.entries.length).map((n) => ({
      name: `${n} entries`,
      make: () => putTogether({ ...pieces, entryCount: n }),
    })),
    ...counts(pieces.tensors.length).map((n) => ({
      name: `${n} tensors`,
      make: () => putTogether({ ...pieces, tensorCount: n }),
    })),
    ...[0, 1, 2, 4, 0x03000000].map((version) => ({
      name: `version ${version}`,
      make: () => putTogether({ ...pieces, version }),
    })),
  ];
}

/** Files that say one thing to who reads strings whole, another to who reads them up to a zero byte; and the like. @param {Pieces} pieces @returns {Mutant[]} */
function crafted(pieces) {
  const entry = (/** @type {string} */ name) =>
    pieces.entries.find(({ key }) => key.toString() === name)?.value ?? Buffer.alloc(0);
  const architecture = entry('general.architecture').subarray(12).toString();
  const tokens = itemsOf(entry('tokenizer.ggml.tokens')).items;
  const types = itemsOf(entry('tokenizer.ggml.token_type')).items;
  const text = (/** @type {number} */ id) => tokens[id]?.subarray(8) ?? Buffer.alloc(0);
  const withTokens = (/** @type {Buffer[]} */ items) => withEntries(pieces, { 'tokenizer.ggml.tokens': value.list(8, items) });
  const withTypes = (/** @type {number} */ type) =>
    withEntries(pieces, {
      'tokenizer.ggml.token_type': value.list(
        5,
        types.map(() => word(type)),
      ),
    });
  const hidden = (/** @type {string} */ key, /** @type {Buffer} */ other) => ({
    ...pieces,
    entries: [{ key: Buffer.from(`${key}\0`), value: other }, ...pieces.entries],
  });
  /** @type {[string, Pieces][]} */
  const all = [
    ['a hidden number of layers', hidden(`${architecture}.block_count`, value.u32(600))],
    ['a hidden alignment', hidden('general.alignment', value.u32(8))],
    ['hidden tokens', hidden('tokenizer.ggml.tokens', value.list(8, [counted('a'), counted('a')]))],
    [
      'a token that is another up to its zero byte',
      withTokens(tokens.with(20, counted(Buffer.concat([text(21), Buffer.from('\0x')])))),
    ],
    ['two tokens that begin with a zero byte', withTokens(tokens.with(20, counted('\0a')).with(21, counted('\0b')))],
    ['two tokens without a text', withTokens(tokens.with(20, counted('')).with(21, counted('\0')))],
    ['a token with the name of an empty one', withTokens(tokens.with(20, counted('')).with(21, counted('[EMPTY_20]')))],
    ['a token with the name of an empty one, before', withTokens(tokens.with(21, counted('')).with(20, counted('[EMPTY_21]')))],
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((type) => /** @type {[string, Pieces]} */ ([`only tokens of type ${type}`, withTypes(type)])),
    [
      'a tensor that is another up to its zero byte',
      withTensor(pieces, 'token_embd.weight', { name: Buffer.from('token_embd.weight\0x') }),
    ],
    ['tensors in another order', { ...pieces, tensors: [...pieces.tensors].reverse() }],
    ['bytes behind the last tensor', { ...pieces, data: Buffer.concat([pieces.data, Buffer.alloc(100_000, 7)]) }],
    ['nothing', { ...pieces, entries: [], tensors: [], data: Buffer.alloc(0) }],
  ];
  return all.map(([name, other]) => ({ name, make: () => putTogether(other) }));
}

/**
 * The same model with all matrices, or all tables, of another type, laid out as that type asks.
 *
 * @param {string} kind
 * @param {Pieces} pieces
 * @param {() => number} random
 * @returns {Mutant[]}
 */
export function retyped(kind, pieces, random) {
  const isMatrix = (/** @type {Pieces['tensors'][number]} */ { name, shape }) =>
    shape.length > 1 && !/types|position/.test(name.toString());
  const isPosition = (/** @type {Pieces['tensors'][number]} */ { name }) => /position/.test(name.toString());
  const isVector = (/** @type {Pieces['tensors'][number]} */ { shape }) => shape.length === 1;
  return Array.from({ length: 43 }, (_, type) => type).flatMap((type) =>
    Object.entries({ matrices: isMatrix, positions: isPosition, vectors: isVector }).flatMap(([what, chosen]) => {
      const seed = Math.floor(random() * 256);
      return [0, seed].map((fill) => ({
        name: `${kind}: ${what} of type ${type} full of ${fill}`,
        make: () => putTogether(withTypeOf(pieces, chosen, type, fill)),
      }));
    }),
  );
}

/** @param {Pieces} pieces @param {(tensor: Pieces['tensors'][number]) => boolean} chosen @param {number} type @param {number} fill @returns {Pieces} */
function withTypeOf(pieces, chosen, type, fill) {
  /** @type {Buffer[]} */
  const data = [];
  let offset = 0;
  const tensors = pieces.tensors.map((tensor) => {
    const other = chosen(tensor) ? type : tensor.type;
    const { block, bytes } = tensorType(other) ?? { block: 1, bytes: 4 };
    const size = Math.ceil((Number(tensor.shape.reduce((product, n) => product * n, 1n)) / block) * bytes);
    const padded = Math.ceil(size / 32) * 32;
    data.push(
      other === tensor.type
        ? pieces.data.subarray(Number(tensor.offset), Number(tensor.offset) + padded)
        : Buffer.alloc(padded, fill),
    );
    offset += padded;
    return { ...tensor, type: other, offset: BigInt(offset - padded) };
  });
  return { ...pieces, tensors, data: Buffer.concat(data) };
}

/** Cut at the end of each part of the header, and at 200 places of the data. @param {Pieces} pieces @returns {Mutant[]} */
function cuts(pieces) {
  const whole = putTogether(pieces);
  const header = headerOf(pieces).length;
  const ends = [0, 4, 8, 16];
  for (let n = 0; n <= pieces.entries.length; n++)
    ends.push(headerOf({ ...pieces, entries: pieces.entries.slice(0, n), tensors: [] }).length);
  for (let n = 0; n <= pieces.tensors.length; n++) ends.push(headerOf({ ...pieces, tensors: pieces.tensors.slice(0, n) }).length);
  const near = ends.flatMap((end) => [end - 1, end, end + 3]).filter((end) => end >= 0 && end < whole.length);
  const data = Array.from({ length: 200 }, (_, i) => header + Math.floor(((whole.length - header) * i) / 200));
  return [...near, ...data].map((end) => ({ name: `cut at ${end}`, make: () => whole.subarray(0, end) }));
}

/** @param {Pieces} pieces @param {() => number} random @param {number} count @returns {Mutant[]} */
function flipped(pieces, random, count) {
  const whole = putTogether(pieces);
  const end = headerOf(pieces).length;
  const tensors = headerOf({ ...pieces, tensors: [] }).length;
  /** @type {[string, number, number][]} */
  const parts = [
    ['header', 8, end],
    ['metadata', 24, tensors],
    ['tensor list', tensors, end],
    ['data', end, whole.length],
  ];
  return parts.flatMap(([part, from, to]) =>
    Array.from({ length: count }, (_, i) => {
      const changes = Array.from({ length: 1 + Math.floor(random() * 3) }, () => [
        from + Math.floor(random() * (to - from)),
        random(),
      ]);
      const make = () => {
        const copy = Buffer.from(whole);
        for (const [at = 0, r = 0] of changes)
          copy[at] = r < 0.5 ? (copy[at] ?? 0) ^ (1 << Math.floor(r * 16)) : Math.floor(r * 256);
        return copy;
      };
      return { name: `${part} with random bytes ${i} (${changes.map(([at]) => at).join(', ')})`, make };
    }),
  );
}

/** Random numbers from 0 to 1, the same for the same seed (mulberry32). @param {number} seed */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
