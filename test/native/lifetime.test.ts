import { beforeAll, describe, expect, test } from 'vitest';
import type { NativeAddon, NativeModel } from '../../src/engine/addon.js';
import { openLibrary } from '../../src/engine/library.js';
import { fakeLlama, fakeModel } from '../helpers/fake-llama.js';
import { collectGarbage, fault, MODEL_OPTIONS, newContext, prompt } from '../helpers/native.js';

const long = prompt(Array.from({ length: 300 }, (_, i) => i % 250));
const ABORTED = { code: 'ABORTED' };
const DISPOSED = { code: 'DISPOSED' };

let addon: NativeAddon;

function create(script?: string): NativeModel {
  return new addon.Model(fakeModel(script), MODEL_OPTIONS, null);
}

async function load(script?: string): Promise<NativeModel> {
  const model = create(script);
  await model.load();
  return model;
}

/** What llama.cpp holds: the fake one's device counts it. */
function alive(): { models: number | undefined; contexts: number | undefined } {
  const [device] = addon.devices();
  return { models: device?.memoryFree, contexts: device?.memoryTotal };
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await action();
  return (performance.now() - begin) / 1000;
}

describe.skipIf(process.platform === 'win32')('the life of native objects', () => {
  beforeAll(async () => {
    process.env.LLAMA_RERANK_LIBRARY_PATH = fakeLlama();
    ({ addon } = await openLibrary('cpu'));
  });

  test('C05: a running call is aborted, what was finished is reused, and the next call equals a fresh one', async () => {
    const model = await load('decode=ok;60000ms');
    const context = newContext(addon, model);
    const begin = performance.now();
    const call = () => context.run(long, (tokens) => tokens === 128 && context.abort());
    expect(await fault(call)).toMatchObject(ABORTED);
    expect(performance.now() - begin).toBeLessThan(5000);
    const next = await context.run(long, null);
    expect(next.reusedTokens).toBe(128);
    await context.close();
    const fresh = newContext(addon, model);
    expect(await fresh.run(long, null)).toEqual({ states: next.states, reusedTokens: 0 });
    await fresh.close();
    await model.close();
  });

  test('C07: closing ends what runs and what waits, then frees', async () => {
    const model = await load('decode=60000ms');
    const context = newContext(addon, model);
    const calls = [fault(() => context.run(long, null)), fault(() => context.run(long, null))];
    expect(await seconds(() => context.close())).toBeLessThan(5);
    expect(await Promise.all(calls)).toMatchObject([ABORTED, ABORTED]);
    expect(alive()).toEqual({ models: 1, contexts: 0 });
    await model.close();
    expect(alive()).toEqual({ models: 0, contexts: 0 });
  });

  test('closing a model leaves its weights to the contexts that use them', async () => {
    const model = await load();
    const context = newContext(addon, model);
    await model.close();
    expect((await context.run(long, null)).states).toHaveLength(8);
    expect(alive()).toEqual({ models: 1, contexts: 1 });
    await context.close();
    expect(alive()).toEqual({ models: 0, contexts: 0 });
  });

  test('what nobody holds any more still finishes what it runs', async () => {
    const expected = await newContext(addon, await load()).run(long, null);
    const call = newContext(addon, await load('decode=200ms')).run(long, null);
    for (let i = 0; i < 5; i++) await collectGarbage();
    expect(await call).toEqual(expected);
    for (let i = 0; i < 20 && alive().models; i++) await collectGarbage();
    expect(alive()).toEqual({ models: 0, contexts: 0 });
  });

  test('A08: closing again gives the same promise, and every later call is refused', async () => {
    const model = await load();
    const context = newContext(addon, model);
    const head = new addon.Head(model, 8, [{ weight: new Float32Array(64) }]);
    for (const [object, calls] of [
      [context, [() => context.run(long, null)]],
      [
        model,
        [
          () => model.load(),
          () => model.tokenize(['a']),
          () => model.detokenize(new Int32Array(1), Int32Array.of(1)),
          () => head.apply(new Float32Array(8)),
          () => newContext(addon, model),
        ],
      ],
    ] as const) {
      const closing = object.close();
      expect(object.close()).toBe(closing);
      for (const call of calls) expect(await fault(call)).toMatchObject(DISPOSED);
      await closing;
      expect(await object.close()).toBeUndefined();
      for (const call of calls) expect(await fault(call)).toMatchObject(DISPOSED);
      object.abort();
    }
  });

  test('A08: closing while it loads cancels the load', async () => {
    const model = create('load=60000ms');
    const loading = fault(() => model.load());
    expect(await seconds(() => model.close())).toBeLessThan(5);
    expect(await loading).toMatchObject(ABORTED);
    expect(alive()).toEqual({ models: 0, contexts: 0 });
  });

  test('A08: closing after the load, before JavaScript knows of it', async () => {
    const model = create();
    const loading = fault(() => model.load());
    for (const begin = performance.now(); performance.now() - begin < 100; );
    const closing = model.close();
    expect(await loading).toMatchObject(DISPOSED);
    await closing;
    expect(alive()).toEqual({ models: 0, contexts: 0 });
  });

  test('A10: a callback that throws changes nothing', async () => {
    const oops = () => {
      throw new Error('on purpose');
    };
    const model = new addon.Model(fakeModel(), MODEL_OPTIONS, oops);
    await model.load();
    const context = newContext(addon, model);
    expect((await context.run(long, oops)).states).toHaveLength(8);
    await context.close();
    await model.close();
  });

  test('arguments that would crash are refused', async () => {
    const model = await load();
    const context = newContext(addon, model);
    const ids = Int32Array.of(1);
    const calls: [() => unknown, RegExp][] = [
      [() => context.run({ ...long, tokens: [1] as never }, null), /expected an Int32Array/],
      [() => context.run({ ...long, rows: new Float32Array(1) as never }, null), /expected an Int32Array/],
      [() => context.run(null as never, null), /expected an object/],
      [() => newContext(addon, {} as never), /expected a Model/],
      [() => newContext(addon, context as never), /expected a Model/],
      [() => newContext(addon, model, { threads: 0 }), /below 1/],
      [() => new addon.Model(1 as never, MODEL_OPTIONS, null), /expected a string/],
      [() => model.tokenize('a' as never), /expected an array/],
      [() => model.tokenize([1 as never]), /expected a string/],
      [() => model.detokenize(ids, Int32Array.of(2)), /lengths exceed/],
      [() => model.detokenize(ids, Int32Array.of(-1)), /lengths exceed/],
    ];
    for (const [call, message] of calls)
      expect(await fault(call)).toEqual({ code: 'INTERNAL', message: expect.stringMatching(message) });
    await context.close();
    await model.close();
  });

  test('shutdown ends and frees everything at once, and may be called again', async () => {
    const running = await load('decode=60000ms');
    const context = newContext(addon, running);
    context.run(long, null);
    create('load=60000ms').load();
    await load();
    expect(await seconds(async () => addon.shutdown())).toBeLessThan(5);
    expect(alive()).toEqual({ models: 0, contexts: 0 });
    addon.shutdown();
    expect(await fault(() => context.run(long, null))).toMatchObject(DISPOSED);
    expect(await context.close()).toBeUndefined();
    const next = await load();
    expect(alive()).toEqual({ models: 1, contexts: 0 });
    await next.close();
  });
});
