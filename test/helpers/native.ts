import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { TestContext } from 'vitest';
import type {
  Kernels,
  NativeAddon,
  NativeContext,
  NativeContextOptions,
  NativeJob,
  NativeModel,
} from '../../src/engine/addon.js';

export const MODEL_OPTIONS = { gpuLayers: 0, useGpu: false, mmap: false };

/** The compiled addon, for processes that load it themselves. */
export function addonFile(): string {
  return resolve(process.env.LLAMA_RERANK_ADDON ?? resolve(import.meta.dirname, '../../build/Release/llama_rerank.node'));
}

export function newContext(addon: NativeAddon, model: NativeModel, options: Partial<NativeContextOptions> = {}): NativeContext {
  const defaults = {
    threads: 1,
    ubatch: 128,
    flashAttention: true,
    kernels: 'avx512',
    kvCacheType: 'f16',
    maxTokens: 4096,
  } as const;
  return new addon.Context(model, { states: 'marked', ...defaults, ...options });
}

/** Skips a test, and says so, where the processor or the build lacks these kernels. */
export function needs(addon: NativeAddon, kernels: Kernels, { skip }: TestContext): void {
  const most = addon.kernels(kernels);
  skip(most !== kernels, `no ${kernels} here: the most is ${most}`);
}

/** A prompt of which `rows` are wanted; by default the last. */
export function prompt(tokens: ArrayLike<number>, rows: number[] = [tokens.length - 1], cuts: number[] = []): NativeJob {
  const arrays = [tokens, [tokens.length], rows, cuts].map((list) => Int32Array.from(list));
  const [ids, lengths, wanted, begins] = arrays as [Int32Array, Int32Array, Int32Array, Int32Array];
  return { tokens: ids, lengths, rows: wanted, cuts: begins };
}

/** Sequences of their own, for encoders. */
export function batch(sequences: ArrayLike<number>[]): NativeJob {
  const tokens = sequences.flatMap((sequence) => Array.from(sequence));
  return { ...prompt(tokens, []), lengths: Int32Array.from(sequences, (sequence) => sequence.length) };
}

/** The code and message with which a promise rejects or a function throws. */
export async function fault(action: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await action();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  throw new Error('it was expected to fail');
}

/** Collects garbage and lets the finalizers run. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  await setImmediate();
}
