import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { qwenMetadata, qwenWeights } from '../../scripts/model/qwen.mjs';
import { FULL } from '../../scripts/model/shapes.mjs';
import { makeVocabulary } from '../../scripts/model/vocabulary.mjs';
import { writeGguf } from '../../scripts/model/write-gguf.mjs';
import { checkModel } from '../../src/files/check/check.js';
import { openModelFile } from '../../src/files/model-file.js';
import { largestLag } from '../helpers/lag.js';

const ZEROS = new Uint8Array(1 << 20);

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'speed-'));
  path = join(folder, 'full.gguf');
  const shape = FULL.qwen3;
  const { tokens, entries } = makeVocabulary('qwen3', { atLeast: shape.vocabulary, withoutMarker: false });
  const options = { kind: 'qwen3', name: 'full', fileType: 1, slidingWindow: 0, slidingPattern: 'G', head: false };
  const metadata = qwenMetadata(shape, options, entries);
  const weights = qwenWeights('qwen3', shape, tokens.length, false);
  // A whole header; the data is a hole.
  let size = 0;
  const stop = new Error('the header is written');
  const tensors = weights.map(({ name, shape: own }) => ({
    name,
    shape: own,
    type: own.length === 1 ? 'F32' : 'F16',
    *chunks(): Generator<Uint8Array> {
      yield ZEROS.subarray(0, 0);
      throw stop;
    },
  }));
  try {
    writeGguf(path, new Map(Object.entries(metadata)), tensors, (_, total) => {
      size = total;
    });
  } catch (error) {
    if (error !== stop) throw error;
  }
  truncateSync(path, size);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the header of a file of 1.2 GB with 151,936 tokens is checked soon, beside the event loop', { retry: 2 }, async () => {
  expect(statSync(path).size).toBeGreaterThan(1e9);
  let took = 0;
  const lag = await largestLag(async () => {
    const begin = performance.now();
    const file = await openModelFile(path);
    const { dimensions } = await checkModel(file);
    took = performance.now() - begin;
    await file.close();
    expect(dimensions.tokens).toBe(151_936);
  });
  // Alone on a machine it takes half of that.
  expect(took).toBeLessThan(150);
  expect(lag).toBeLessThan(50);
});
