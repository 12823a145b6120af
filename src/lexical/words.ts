const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

const RUN = /[\p{L}\p{M}\p{N}]+/gu;
const PAIRED = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30fc]+`;
const SEGMENTED = String.raw`[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+`;
const UNSPACED = new RegExp(`(${PAIRED}|${SEGMENTED})`, 'u');
const IS_PAIRED = new RegExp(`^${PAIRED}`, 'u');

/** Those of Latin, Greek and Cyrillic letters, and the short vowels of Arabic, which most texts leave out. */
const ACCENTS = /[\u0300-\u036f\u064b-\u0652]/g;

/** Characters of a word that count. */
const STEM = 6;

/**
 * The words of a text in order, repeated ones included, each as what is compared: without case and accents, and
 * cut to its first 6 characters, which takes endings off in most languages (truncation; McNamee and Mayfield, Character n-gram
 * tokenization for European language text retrieval, 2004). Words with digits stay whole. A word is a run of letters, marks and digits.
 * In scripts without spaces: the words that `Intl.Segmenter` finds in Thai, Lao, Khmer and Burmese, pairs of neighbouring characters in
 * Chinese and Japanese (docs/models.md says why).
 */
export function words(text: string): string[] {
  return (fold(text).match(RUN) ?? []).flatMap((run) => (UNSPACED.test(run) ? unspaced(run) : stem(run)));
}

function fold(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII has nothing to fold
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text.normalize('NFKD').replace(ACCENTS, '').toLowerCase().normalize('NFC');
}

function stem(word: string): string {
  return word.length <= STEM || /\p{N}/u.test(word) ? word : Array.from(word).slice(0, STEM).join('');
}

/** Every second part is of a script without spaces. */
function unspaced(run: string): string[] {
  return run.split(UNSPACED).flatMap((part, i) => {
    if (part === '') return [];
    if (i % 2 === 0) return stem(part);
    return IS_PAIRED.test(part) ? pairs(part) : Array.from(segmenter.segment(part), ({ segment }) => stem(segment));
  });
}

function pairs(text: string): string[] {
  const characters = Array.from(text);
  return characters.length === 1 ? characters : characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}
