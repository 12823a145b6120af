import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NativeAddon, NativeModel } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { fakeLlama, fakeModel } from '../helpers/fake-llama.js';
import { addonFile, batch, fault, MODEL_OPTIONS, newContext, prompt } from '../helpers/native.js';

const windows = process.platform === 'win32';
const long = prompt(
  Array.from({ length: 300 }, (_, i) => i % 250),
  [150, 299],
);
const short = prompt([7, 8, 9]);

let addon: NativeAddon;

async function load(script?: string, gpu = false): Promise<NativeModel> {
  const options = gpu ? { gpuLayers: 99, useGpu: true, mmap: false } : MODEL_OPTIONS;
  const model = new addon.Model(fakeModel(script), options, null);
  await model.load();
  return model;
}

/** What a model without faults answers. */
async function right(job: typeof long, states: 'marked' | 'mean' = 'marked'): Promise<Float32Array> {
  const model = await load();
  const context = newContext(addon, model, { states });
  const output = await context.run(job, null);
  await context.close();
  await model.close();
  return output.states;
}

describe.skipIf(windows)('faults of llama.cpp', () => {
  beforeAll(async () => {
    process.env.LLAMA_RERANK_LIBRARY_PATH = fakeLlama();
    ({ addon } = await openLibrary('cpu'));
  });

  // The second micro-batch of three fails. The fake's context is good for nothing then, and its states depend on every cell.
  test.each([
    ['1', 'CONTEXT_OVERFLOW', /llama_decode answered 1 .*no room/],
    ['2', 'NATIVE_ERROR', /llama_decode answered 2$/],
    ['-1', 'INTERNAL', /llama_decode answered -1/],
    ['-2', 'INSUFFICIENT_MEMORY', /llama_decode answered -2/],
    ['-3', 'NATIVE_ERROR', /llama_decode answered -3$/],
    ['bad_alloc', 'INSUFFICIENT_MEMORY', /no memory left/],
    ['exception', 'NATIVE_ERROR', /^a fault on purpose$/],
    ['unknown', 'NATIVE_ERROR', /unknown C\+\+ exception/],
  ])('N01, N02: llama_decode %s is %s, and the next call is right', async (action, code, message) => {
    const model = await load(`decode=ok;${action}`);
    const context = newContext(addon, model);
    expect(await fault(() => context.run(long, null))).toEqual({ code, message: expect.stringMatching(message) });
    expect((await context.run(long, null)).states).toEqual(await right(long));
    await context.close();
    await model.close();
  });

  test.each([
    ['-3', 'GPU_FAILED', /answered -3/],
    ['log', 'GPU_FAILED', /answered 0: fake: the device was lost$/],
  ])('N06: on a GPU llama_decode %s is %s, and the next call has a new context', async (action, code, message) => {
    const model = await load(`decode=ok;${action}`, true);
    const context = newContext(addon, model);
    expect(await fault(() => context.run(long, null))).toEqual({ code, message: expect.stringMatching(message) });
    expect((await context.run(long, null)).states).toEqual(await right(long));
    await context.close();
    await model.close();
  });

  test.each([
    ['decode', 'nan', 'NON_FINITE', /not finite \(row 1\)/],
    ['decode', 'zeros', 'NON_FINITE', /zeros \(row 1\)/],
    ['decode', 'few', 'INTERNAL', /expected 1 states .* got 0/],
    ['decode', 'many', 'INTERNAL', /expected 1 states .* got 2/],
    ['encode', 'nan', 'NON_FINITE', /not finite \(row 1\)/],
    ['encode', 'zeros', 'NON_FINITE', /zeros \(row 1\)/],
    ['encode', 'few', 'INTERNAL', /expected 2 states .* got 8 numbers/],
    ['encode', '-1', 'INTERNAL', /llama_encode answered -1/],
    ['encode', 'exception', 'NATIVE_ERROR', /a fault on purpose/],
  ])('N05, N07: %s that gives %s is %s, and nothing of it is used again', async (step, action, code, message) => {
    const states = step === 'decode' ? 'marked' : 'mean';
    const job =
      step === 'decode'
        ? long
        : batch([
            [1, 2, 3],
            [4, 5],
          ]);
    const model = await load(`${step}=${step === 'decode' ? 'ok;ok;' : ''}${action}`);
    // With it, a sequence that nobody reads would be the last, and be spoiled.
    const context = newContext(addon, model, { states, flashAttention: false });
    expect(await fault(() => context.run(job, null))).toEqual({ code, message: expect.stringMatching(message) });
    const next = await context.run(job, null);
    expect(next).toEqual({ states: await right(job, states), reusedTokens: 0 });
    await context.close();
    await model.close();
  });

  test.each([
    ['null', 'MODEL_LOAD_FAILED', /null\.gguf: .*fake: no such model$/],
    ['bad_alloc', 'INSUFFICIENT_MEMORY', /no memory left/],
    ['exception', 'NATIVE_ERROR', /a fault on purpose/],
    ['unknown', 'NATIVE_ERROR', /unknown C\+\+ exception/],
  ])('N02: loading with %s is %s, and loads again', async (action, code, message) => {
    const model = new addon.Model(fakeModel(`load=${action}`), MODEL_OPTIONS, null);
    expect(await fault(() => model.load())).toEqual({ code, message: expect.stringMatching(message) });
    expect(await fault(() => newContext(addon, model))).toMatchObject({ code: 'INTERNAL' });
    await model.close();
    await (await load()).close();
  });

  test.each([
    ['bad_alloc', 'INSUFFICIENT_MEMORY'],
    ['exception', 'NATIVE_ERROR'],
    ['unknown', 'NATIVE_ERROR'],
  ])('N02: tokenizing with %s is %s, and the next call works', async (action, code) => {
    const model = await load(`tokenize=${action}`);
    expect(await fault(() => model.tokenize(['ab']))).toMatchObject({ code });
    expect(await model.tokenize(['ab', 'c'])).toEqual({ ids: Int32Array.of(97, 98, 99), lengths: Int32Array.of(2, 1) });
    await model.close();
  });

  test('N02: an exception out of quantization', async () => {
    expect(await fault(() => addon.quantize('a', 'b', 7, 1))).toMatchObject({ code: 'NATIVE_ERROR' });
  });

  test.each([
    ['null', 'INSUFFICIENT_MEMORY', /a context of 512 tokens: lower contextSize or free memory\. fake: no memory/],
    ['bad_alloc', 'INSUFFICIENT_MEMORY', /no memory left/],
    ['exception', 'NATIVE_ERROR', /a fault on purpose/],
    ['unknown', 'NATIVE_ERROR', /unknown C\+\+ exception/],
  ])('R02: a context that fails with %s is %s, a smaller one works', async (action, code, message) => {
    const model = await load(`init=${action};ok;${action}`);
    const context = newContext(addon, model);
    expect(await fault(() => context.run(long, null))).toEqual({ code, message: expect.stringMatching(message) });
    const expected = await right(short);
    expect((await context.run(short, null)).states).toEqual(expected);
    // The small context is given up before the large one is tried.
    expect(await fault(() => context.run(long, null))).toMatchObject({ code });
    expect(await context.run(short, null)).toEqual({ states: expected, reusedTokens: 0 });
    await context.close();
    await model.close();
  });
});

// Once opened, a llama.cpp stays in the process, so each of these has its own.
describe.skipIf(windows)('in a process of its own', () => {
  function run(script: string, folder: string, env: Record<string, string> = {}) {
    const ending = process.platform === 'darwin' ? 'dylib' : 'so';
    const files = ['llama', 'ggml', 'ggml-base'].map((name) => `lib${name}.${ending}`);
    const argv = ['-e', script, addonFile(), JSON.stringify([folder, ...files]), fakeModel('decode=assert')];
    return spawnSync(process.execPath, argv, { env: { ...process.env, ...env }, encoding: 'utf8' });
  }

  test.each([
    ['of an unknown release', [], { FAKE_LLAMA_VERSION: '9.9.9' }, 'llama.cpp 9.9.9 is not an accepted release'],
    ['that lacks a function', ['FAKE_INCOMPLETE'], {}, 'the opened llama.cpp has no function llama_backend_init'],
  ])('a llama.cpp %s is refused, and the process lives', (_, defines, env, message) => {
    const script = `
      const addon = require(process.argv[1]);
      for (const call of [() => addon.openLibrary(...JSON.parse(process.argv[2])), () => addon.devices()]) {
        try { call(); } catch ({ code, message }) { console.log(code, message); }
      }`;
    const { status, stdout } = run(script, fakeLlama(...defines), env);
    expect(status).toBe(0);
    const [refused, unopened] = stdout.split('\n');
    expect(refused).toMatch(`NATIVE_LOAD_FAILED ${message}`);
    expect(unopened).toBe('NATIVE_LOAD_FAILED llama.cpp is not open yet');
  });

  test('N04: an assertion says in one line what stopped the process', () => {
    const script = `
      const addon = require(process.argv[1]);
      addon.openLibrary(...JSON.parse(process.argv[2]));
      const model = new addon.Model(process.argv[3], ${JSON.stringify(MODEL_OPTIONS)}, null);
      const one = Int32Array.of(0);
      const options = { states: 'marked', threads: 1, ubatch: 64, flashAttention: true, kernels: 'avx512', kvCacheType: 'f16', maxTokens: 64 };
      model.load().then(() => new addon.Context(model, options).run({ tokens: one, lengths: one, rows: one, cuts: new Int32Array() }, null));`;
    const { signal, stderr } = run(script, fakeLlama());
    expect(signal).toBe('SIGABRT');
    expect(stderr).toBe('llama-rerank: llama.cpp 0.4.0 stopped the process: fake.cc:1: GGML_ASSERT(false) failed\n');
  });
});
