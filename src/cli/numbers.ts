const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,234 tokens`, `1 token`; without a noun, the number alone. */
export function count(value: number, noun = ''): string {
  if (noun === '') return WHOLE.format(value);
  return `${WHOLE.format(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `3 ms`, `1.24 s`, `2 min 5 s` */
export function seconds(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toPrecision(3)} s`;
  return wholeSeconds(milliseconds);
}

/** `4 s`, `2 min 5 s` */
export function wholeSeconds(milliseconds: number): string {
  const whole = Math.ceil(milliseconds / 1000);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `24.1 MiB` */
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const power = Math.min(4, Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** power).toPrecision(3)} ${['KiB', 'MiB', 'GiB', 'TiB'][power - 1]}`;
}

/** `22.6 M`, `597 M`, `1.24 B` */
export function parameters(value: number): string {
  if (value < 1e3) return String(value);
  if (value < 999_500) return `${(value / 1e3).toPrecision(3)} K`;
  if (value < 999_500_000) return `${(value / 1e6).toPrecision(3)} M`;
  return `${(value / 1e9).toPrecision(3)} B`;
}
