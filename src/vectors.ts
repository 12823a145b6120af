function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Cosine of two vectors of one length, in double precision; 0 where one of them is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.sqrt(dot(a, a) * dot(b, b));
  return length > 0 ? dot(a, b) / length : 0;
}

/** Rows of `width` numbers in the same directions with length 1, a copy; a row of zeros stays one. */
export function normalizedRows(rows: Float32Array, width: number): Float32Array {
  const unit = rows.slice();
  for (let begin = 0; begin < unit.length; begin += width) {
    const row = unit.subarray(begin, begin + width);
    const length = Math.sqrt(dot(row, row));
    if (length > 0) for (let i = 0; i < width; i++) row[i] = (row[i] as number) / length;
  }
  return unit;
}
