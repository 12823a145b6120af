import { RerankError } from './errors.js';

/** Bytes of one text. Tokenizing more takes seconds, and no reranker reads as much. */
const MAX_TEXT_BYTES = 1 << 20;

export function invalid(what: string, expected: string, got: unknown): RerankError {
  return new RerankError('INVALID_ARGUMENT', `${what}: expected ${expected}, got ${show(got)}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

export type Check<T> = (value: unknown, name: string) => T;

export const integer =
  (low: number, high: number): Check<number> =>
  (value, name) => {
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) {
      throw invalid(name, `an integer from ${low} to ${high}`, value);
    }
    return value as number;
  };

export const number: Check<number> = (value, name) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(name, 'a finite number', value);
  return value;
};

export const fraction: Check<number> = (value, name) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw invalid(name, 'a number from 0 to 1', value);
  return value;
};

export const positive: Check<number> = (value, name) => {
  if (typeof value !== 'number' || !(value > 0) || value === Number.POSITIVE_INFINITY)
    throw invalid(name, 'a number above 0', value);
  return value;
};

/** Timers take no more. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

export const milliseconds: Check<number> = (value, name) => {
  if (typeof value !== 'number' || !(value > 0) || value > MAX_MILLISECONDS) {
    throw invalid(name, `milliseconds above 0, at most ${MAX_MILLISECONDS}`, value);
  }
  return value;
};

export const boolean: Check<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw invalid(name, 'true or false', value);
  return value;
};

export const oneOf =
  <T extends string>(...allowed: T[]): Check<T> =>
  (value, name) => {
    if (!(allowed as unknown[]).includes(value)) throw invalid(name, allowed.map((v) => `'${v}'`).join(' or '), value);
    return value as T;
  };

export const callback: Check<never> = (value, name) => {
  if (typeof value !== 'function') throw invalid(name, 'a function', value);
  return value as never;
};

export const signal: Check<AbortSignal> = (value, name) => {
  if (!(value instanceof AbortSignal)) throw invalid(name, 'an AbortSignal', value);
  return value;
};

export const path: Check<string> = (value, name) => {
  if (typeof value !== 'string' || value === '') throw invalid(name, 'a file path', value);
  return value;
};

export const hash: Check<string> = (value, name) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/i.test(value)) throw invalid(name, '64 hexadecimal digits', value);
  return value.toLowerCase();
};

export const text: Check<string> = (value, name) => checkText(value, name);

/** Copies, so that what the caller changes afterwards has no effect. */
export const vectors: Check<readonly Float32Array[]> = (value, name) => {
  if (!Array.isArray(value)) throw invalid(name, 'an array of Float32Array', value);
  return Array.from(value, (vector: unknown, i) => {
    if (!(vector instanceof Float32Array) || vector.length !== value[0].length)
      throw invalid(`${name}[${i}]`, 'a Float32Array as long as the first', vector);
    const wrong = vector.findIndex((number) => !Number.isFinite(number));
    if (wrong >= 0) throw invalid(`${name}[${i}][${wrong}]`, 'a finite number', vector[wrong]);
    return vector.slice();
  });
};

/** Each option checked once; unknown names are refused, since they are mostly slips. */
export function checkAll<T extends object>(options: unknown, checks: Record<string, Check<unknown>>, name: string): T {
  if (typeof options !== 'object' || options === null) throw invalid(name, 'an object', options);
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (!check)
      throw new RerankError('INVALID_ARGUMENT', `${name}.${key}: unknown option; known are ${Object.keys(checks).join(', ')}`);
    if (value !== undefined) result[key] = check(value, `${name}.${key}`);
  }
  return result as T;
}

/** A text that tokenizers can take: a string, lone surrogates replaced, at most 1 MiB of UTF-8. */
export function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(name, 'a string', value);
  // The length in UTF-16 units bounds the bytes from both sides, so most texts need no count.
  if (value.length > MAX_TEXT_BYTES || (value.length > MAX_TEXT_BYTES / 3 && Buffer.byteLength(value) > MAX_TEXT_BYTES)) {
    throw new RerankError(
      'TEXT_TOO_LARGE',
      `${name}: expected at most ${MAX_TEXT_BYTES} bytes, got ${Buffer.byteLength(value)}. Pass the part that matters`,
    );
  }
  return value.toWellFormed();
}

/** Getters and proxies may throw. */
export function read<T>(get: () => T, name: string): T {
  try {
    return get();
  } catch (cause) {
    throw new RerankError(
      'INVALID_ARGUMENT',
      `${name}: reading it threw ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
