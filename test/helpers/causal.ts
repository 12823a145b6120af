import type { Plan } from '../../src/family.js';

/** Tokens of each document's prompts in a plan whose jobs have a shared beginning. */
export function pairTexts({ jobs, members, windows }: Plan): Int32Array[][] {
  const sequences = new Map<number, Int32Array>();
  jobs.forEach(({ tokens, lengths }, b) => {
    const shared = tokens.subarray(0, lengths[0]);
    let at = shared.length;
    (members[b] as readonly number[]).forEach((sequence, i) => {
      const own = tokens.subarray(at, at + (lengths[i + 1] as number));
      sequences.set(sequence, Int32Array.of(...shared, ...own));
      at += own.length;
    });
  });
  return (windows as readonly (readonly number[])[]).map((list) => list.map((sequence) => sequences.get(sequence) as Int32Array));
}
