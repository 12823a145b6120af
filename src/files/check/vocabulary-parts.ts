import type { GgufArray } from '../gguf-values.js';
import { findCharsmapFault } from './charsmap.js';
import type { Findings } from './findings.js';

export type Fail = (what: string) => void;

/** The value of `tokenizer.ggml.token_type` for single bytes. */
export const BYTE = 6;

/** Scores decide which pieces a text is cut into; with one that is no number, none is the best. */
export function checkScores(findings: Findings, tokens: GgufArray, fail: Fail): void {
  const key = 'tokenizer.ggml.scores';
  const scores = findings.list(key, 'f32')?.float32s();
  if (scores?.length !== tokens.length) fail(`${key} is ${findings.describe(key)}, expected ${tokens.length} f32`);
  const odd = scores?.findIndex((score) => !Number.isFinite(score)) ?? -1;
  if (odd >= 0) fail(`${key} of token ${odd} is ${scores?.[odd]}, expected a finite number`);
}

export function checkCharsmap(findings: Findings, fail: Fail): void {
  const key = 'tokenizer.ggml.precompiled_charsmap';
  if (findings.entry(key) === undefined) return;
  const list = findings.list(key, 'u8') ?? findings.list(key, 'i8');
  const fault = list && findCharsmapFault(list.uint8s());
  if (!list) fail(`${key} is ${findings.describe(key)}, expected a list of u8 or nothing`);
  if (fault !== undefined) fail(`${key} ${fault}`);
}

/** What is no token is spelled in bytes; where one is missing, llama.cpp cannot go on. */
export function checkBytes(tokens: GgufArray, types: Int32Array, fail: Fail): void {
  const missing = new Set(Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
  for (let id = 0; id < types.length; id++) {
    if (types[id] !== BYTE) continue;
    const text = tokens.rawText(id);
    if (!missing.delete(text)) {
      fail(`token ${id}, ${JSON.stringify(text)}, is of the type for bytes (${BYTE}), expected a text such as "<0x0A>"`);
      return;
    }
  }
  const [first] = missing;
  if (first !== undefined) fail(`token ${first} is missing, expected one for each byte (type ${BYTE})`);
}
