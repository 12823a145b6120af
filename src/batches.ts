import type { Job } from './family.js';

/** Tokens that are read alone, as a text or a pair. */
export interface Sequence {
  readonly tokens: Int32Array;
  /** Token types, where the model has two. */
  readonly types?: Uint8Array;
}

export interface Batches {
  readonly jobs: readonly Job[];
  /** For each job, the sequences whose rows it gives. */
  readonly members: readonly (readonly number[])[];
  /** For each sequence given, the one that stands for it: equal ones are computed once, so that they get the same score. */
  readonly places: readonly number[];
}

/**
 * Step 4: sequences to batches. Those of similar length go together, so that a batch wastes little; the order within equal lengths is
 * that of the input, so the same input gives the same batches.
 *
 * @param batchTokens most tokens in a batch; a longer sequence has a batch of its own
 * @param most sequences in a batch
 */
export function packSequences(sequences: readonly Sequence[], batchTokens: number, most: number): Batches {
  const first = new Map<string, number>();
  const places = sequences.map(({ tokens, types }, i) => {
    const key = `${tokens.join()};${types?.join('') ?? ''}`;
    const place = first.get(key) ?? i;
    first.set(key, place);
    return place;
  });
  const length = (i: number) => (sequences[i] as Sequence).tokens.length;
  const order = [...first.values()].sort((a, b) => length(a) - length(b) || a - b);
  const members: number[][] = [];
  let tokens = 0;
  for (const i of order) {
    const batch = members.at(-1);
    if (batch === undefined || tokens + length(i) > batchTokens || batch.length >= most) {
      members.push([i]);
      tokens = length(i);
    } else {
      batch.push(i);
      tokens += length(i);
    }
  }
  return { jobs: members.map((batch) => toJob(batch.map((i) => sequences[i] as Sequence))), members, places };
}

function toJob(sequences: readonly Sequence[]): Job {
  const lengths = Int32Array.from(sequences, ({ tokens }) => tokens.length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const tokens = new Int32Array(total);
  const types = sequences[0]?.types && new Uint8Array(total);
  let at = 0;
  for (const sequence of sequences) {
    tokens.set(sequence.tokens, at);
    types?.set(sequence.types as Uint8Array, at);
    at += sequence.tokens.length;
  }
  return { tokens, lengths, rows: new Int32Array(), cuts: new Int32Array(), ...(types ? { types } : {}) };
}

/** Rows by sequence: those of each job belong to its members in order. */
export function rowsOf(members: readonly (readonly number[])[], states: readonly Float32Array[]): Map<number, Float32Array> {
  const rows = new Map<number, Float32Array>();
  members.forEach((batch, b) => {
    const all = states[b] as Float32Array;
    const width = all.length / batch.length;
    batch.forEach((sequence, i) => {
      rows.set(sequence, all.subarray(i * width, (i + 1) * width));
    });
  });
  return rows;
}
