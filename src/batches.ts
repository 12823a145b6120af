import type { Job } from './family.js';
import { mapInTurns } from './turns.js';

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
export async function packSequences(
  sequences: readonly Sequence[],
  batchTokens: number,
  most: number,
  signal?: AbortSignal,
): Promise<Batches> {
  const first = new Map<string, number>();
  const take = ({ tokens, types }: Sequence, i: number): number => {
    const key = types ? bytesOf(tokens) + bytesOf(types) : bytesOf(tokens);
    const place = first.get(key) ?? i;
    first.set(key, place);
    return place;
  };
  const places = await mapInTurns(sequences, take, signal);
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
  const jobs = await mapInTurns(members, (batch) => toJob(batch.map((i) => sequences[i] as Sequence)), signal);
  return { jobs, members, places };
}

/** As a string, the cheapest key of a Map: a character for each byte. */
function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

function toJob(sequences: readonly Sequence[]): Job {
  const lengths = Int32Array.from(sequences, ({ tokens }) => tokens.length);
  const tokens = concat(sequences.map((sequence) => sequence.tokens));
  const types = sequences[0]?.types && new Uint8Array(Buffer.concat(sequences.map((sequence) => sequence.types as Uint8Array)));
  return { tokens, lengths, rows: new Int32Array(), cuts: new Int32Array(), ...(types ? { types } : {}) };
}

/** Lists of tokens, one after the other. */
export function concat(pieces: readonly ArrayLike<number>[]): Int32Array {
  const all = new Int32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
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
