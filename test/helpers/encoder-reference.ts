import { readFileSync } from 'node:fs';
import type { NativeAddon } from '../../src/engine/addon.js';
import { readGguf } from '../../src/files/gguf.js';

/** A matrix as llama.cpp keeps it: `outputs` rows of `inputs` numbers. */
type Weights = (name: string) => Float32Array;

/** What tells the two architectures apart, and what an error would change. */
export interface EncoderOptions {
  heads: number;
  layers: number;
  epsilon: number;
  /** By head; without it, no bias. */
  slopes?: number[];
  gelu: 'exact' | 'tanh';
}

/** All weights of a file, by name; those that are not F32 through the addon's `dequantize`. */
export async function readWeights(path: string, addon?: NativeAddon): Promise<Weights> {
  const bytes = readFileSync(path);
  const { tensors } = await readGguf(path);
  const known = new Map<string, Float32Array>();
  const read = (name: string): Float32Array => {
    const tensor = tensors.find((candidate) => candidate.name === name);
    if (!tensor) throw new Error(`there is no ${name}`);
    const own = bytes.subarray(tensor.offset, tensor.offset + tensor.bytes);
    if (tensor.type === 'F32') return new Float32Array(Uint8Array.from(own).buffer);
    if (!addon) throw new Error(`${name} is ${tensor.type}, expected F32`);
    const count = tensor.shape.reduce((product, n) => product * Number(n), 1);
    return addon.dequantize(tensor.type, Uint8Array.from(own), count);
  };
  return (name) => {
    const values = known.get(name) ?? read(name);
    known.set(name, values);
    return values;
  };
}

/** Error function: Abramowitz and Stegun 7.1.26 is too coarse, so its series, which converges for every argument met here. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 && n < 200; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const GELU = {
  exact: (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  tanh: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/**
 * States of a BERT or JinaBERT in double precision, written from the formulas in test/fixtures/pairwise/README.md.
 *
 * @param types one for each token
 * @returns one state for each token
 */
export function encode(weights: Weights, tokens: number[], types: number[], options: EncoderOptions): number[][] {
  const width = weights('token_embd_norm.weight').length;
  const dense = (rows: number[][], name: string, bias = true) => {
    const [matrix, offset] = [weights(`${name}.weight`), bias ? weights(`${name}.bias`) : undefined];
    return rows.map((row) =>
      Array.from({ length: matrix.length / row.length }, (_, o) =>
        row.reduce((sum, value, i) => sum + value * (matrix[o * row.length + i] as number), offset?.[o] ?? 0),
      ),
    );
  };
  const add = (a: number[][], b: number[][]) => a.map((row, t) => row.map((value, i) => value + (b[t]?.[i] as number)));
  const norm = (rows: number[][], name: string) => {
    const [scale, offset] = [weights(`${name}.weight`), weights(`${name}.bias`)];
    return rows.map((row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / width;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      return row.map(
        (value, i) => ((value - mean) / Math.sqrt(variance + options.epsilon)) * (scale[i] as number) + (offset[i] as number),
      );
    });
  };
  const row = (name: string, index: number) => [...weights(name).subarray(index * width, (index + 1) * width)];
  const gelu = GELU[options.gelu];

  let x = add(
    tokens.map((id) => row('token_embd.weight', id)),
    types.map((type) => row('token_types.weight', type)),
  );
  if (!options.slopes)
    x = add(
      x,
      tokens.map((_, position) => row('position_embd.weight', position)),
    );
  x = norm(x, 'token_embd_norm');
  for (let layer = 0; layer < options.layers; layer++) {
    const block = `blk.${layer}.`;
    const attended = attend(dense(x, `${block}attn_q`), dense(x, `${block}attn_k`), dense(x, `${block}attn_v`), options);
    x = norm(add(x, dense(attended, `${block}attn_output`)), `${block}attn_output_norm`);
    const up = dense(x, `${block}ffn_up`, !options.slopes);
    const gate = options.slopes && dense(x, `${block}ffn_gate`, false);
    const inner = up.map((values, t) => values.map((value, i) => (gate ? gelu(gate[t]?.[i] as number) * value : gelu(value))));
    x = norm(add(x, dense(inner, `${block}ffn_down`)), `${block}layer_output_norm`);
  }
  return x;
}

function attend(q: number[][], k: number[][], v: number[][], { heads, slopes }: EncoderOptions): number[][] {
  const size = (q[0] as number[]).length / heads;
  return q.map((query, i) =>
    Array.from({ length: heads }, (_, h) => {
      const part = (values: number[]) => values.slice(h * size, (h + 1) * size);
      const scores = k.map(
        (key, j) =>
          part(key).reduce((sum, value, d) => sum + value * (query[h * size + d] as number), 0) / Math.sqrt(size) -
          (slopes?.[h] ?? 0) * Math.abs(i - j),
      );
      const most = Math.max(...scores);
      const shares = scores.map((score) => Math.exp(score - most));
      const total = shares.reduce((sum, share) => sum + share, 0);
      return part(v[0] as number[]).map((_, d) =>
        v.reduce((sum, value, j) => sum + ((shares[j] as number) / total) * (value[h * size + d] as number), 0),
      );
    }).flat(),
  );
}
