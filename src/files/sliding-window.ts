import type { RawHeader } from './gguf-header.js';
import { GgufArray } from './gguf-values.js';

/** Layers that attend only to the last `tokens` positions. */
export interface SlidingWindow {
  readonly tokens: number;
  /** 1 for each layer that has the window. */
  readonly layers: Uint8Array;
}

/** The sliding window that a checked file asks for, if any. */
export function slidingWindowOf({ metadata }: RawHeader): SlidingWindow | undefined {
  const key = `${metadata.get('general.architecture')?.value}.attention.sliding_window`;
  const tokens = metadata.get(key)?.value;
  const pattern = metadata.get(`${key}_pattern`)?.value;
  if (typeof tokens !== 'number' || tokens === 0 || !(pattern instanceof GgufArray)) return undefined;
  return { tokens, layers: Uint8Array.from(pattern.slice(), Number) };
}
