import { stripVTControlCharacters } from 'node:util';

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** East Asian wide and fullwidth characters (Unicode's EastAsianWidth.txt, W and F) and pictures. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const INVISIBLE = /^[\p{Mark}\p{Cf}\p{Cc}]*$/u;

/** Characters that move the cursor, change colours or turn the direction of writing. */
const HARMFUL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

/** Columns that the text takes in a terminal: 2 for wide characters and emoji, 0 for those that combine. */
export function displayWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of SEGMENTER.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** The beginning of the text that fits, with an ellipsis if something is missing. */
export function fitStart(text: string, width: number): string {
  const near = text.slice(0, reach(width));
  const graphemes = graphemesOf(near);
  const kept = countFitting(graphemes, width);
  if (near === text && kept === graphemes.length) return text;
  return `${graphemes.slice(0, countFitting(graphemes, width - 1)).join('')}…`;
}

/** The end of the text that fits, with an ellipsis if something is missing: for paths. */
export function fitEnd(text: string, width: number): string {
  const near = text.slice(-reach(width));
  const graphemes = graphemesOf(near).reverse();
  const kept = countFitting(graphemes, width);
  if (near === text && kept === graphemes.length) return text;
  return `…${graphemes
    .slice(0, countFitting(graphemes, width - 1))
    .reverse()
    .join('')}`;
}

/** Units of text that fill a width for sure, so that a document of megabytes is not looked at whole. */
function reach(width: number): number {
  return (width + 1) * 12;
}

function graphemesOf(text: string): string[] {
  return [...SEGMENTER.segment(text)].map(({ segment }) => segment);
}

function countFitting(graphemes: string[], width: number): number {
  let used = 0;
  const over = graphemes.findIndex((grapheme) => {
    used += graphemeWidth(grapheme);
    return used > width;
  });
  return over === -1 ? graphemes.length : over;
}

/** Pads with spaces up to the width. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'right' ? text + spaces : spaces + text;
}

/** The text on one line, without anything that would steer the terminal. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(HARMFUL, ' ').replace(/\s+/gu, ' ').trim();
}

/** The lines of the text, without anything that would steer the terminal. */
export function plainLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split(/\r?\n/)
    .map((line) => line.replaceAll('\t', '    ').replace(HARMFUL, ' ').trimEnd());
}

/** Breaks a line between words, and within words that are wider than a line. */
export function wrap(line: string, width: number, separator = ' '): string[] {
  const lines: string[] = [];
  let current: string | undefined;
  for (const word of line.split(separator)) {
    const longer: string = current === undefined ? word : current + separator + word;
    if (displayWidth(longer) <= width) {
      current = longer;
      continue;
    }
    if (current !== undefined) lines.push(current);
    const pieces = cut(word, width);
    current = pieces.pop();
    lines.push(...pieces);
  }
  return current === undefined ? lines : [...lines, current];
}

function cut(word: string, width: number): string[] {
  const graphemes = graphemesOf(word);
  const pieces: string[] = [];
  let start = 0;
  do {
    // One at least, or a grapheme that is wider than the line would never end.
    const length = Math.max(1, countFitting(graphemes.slice(start, start + width * 2), width));
    pieces.push(graphemes.slice(start, start + length).join(''));
    start += length;
  } while (start < graphemes.length);
  return pieces;
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
