export interface PlainTensor {
  shape: number[];
  values: number[];
}

/** A safetensors file of 32-bit tensors. */
export function safetensors(tensors: Record<string, PlainTensor>): Buffer {
  let at = 0;
  const header: Record<string, object> = {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + 4 * values.length] };
    at += 4 * values.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const data = Float32Array.from(Object.values(tensors).flatMap(({ values }) => values));
  return Buffer.concat([size, text, Buffer.from(data.buffer)]);
}
